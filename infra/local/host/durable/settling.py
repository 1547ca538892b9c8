"""Writes down what a turn came to. Every function here is called within a transaction."""

import uuid

from infra.local.host.durable import events
from infra.local.host.durable.decision import Decision, failure_of
from infra.local.host.durable.events import Event, EventType
from infra.local.host.durable.records import Instance, Status, Task
from infra.local.host.durable.scheduled import Scheduled
from infra.local.host.durable.store import Store
from infra.local.host.durable.timers import Timers


def finish(store: Store, instance: Instance, status: Status, output: str | None) -> None:
    """End an instance and tell its parent."""
    store.append(instance.id, [events.execution_completed(status, output)])
    store.update(instance.id, status=status, output=output)
    store.drop_outstanding(instance.id)
    store.drop_inbox(instance.id)
    if instance.parent and instance.parent_number is not None:
        number = instance.parent_number
        if status is Status.COMPLETED:
            told = events.sub_orchestration_completed(number, output)
        else:
            reason = events.plain(output)
            details = _details(instance, reason) if status is Status.FAILED else None
            told = events.sub_orchestration_failed(number, reason, details)
        store.send(instance.parent, instance.parent_execution, told)


def _details(child: Instance, reason: str | None) -> str:
    """What the extension adds to the failure of a child, without the stack that it has in .NET."""
    return f"Message: {(reason or '').removeprefix(failure_of(child))}, StackTrace: "


def terminate(store: Store, instance: Instance, fresh: list[Event], reason: str | None) -> None:
    """End an instance because it was told to, whatever it was at."""
    store.append(instance.id, fresh)
    finish(store, instance, Status.TERMINATED, events.output_of(reason))


def record(store: Store, instance: Instance, fresh: list[Event], decision: Decision) -> None:
    """Write a turn into the history, and the status it leaves."""
    scheduled = [_event_of(item, instance) for item in decision.scheduled]
    closing = events.orchestrator_completed()
    store.append(instance.id, [*fresh, *scheduled, closing])
    if decision.status:
        store.update(instance.id, custom_status=decision.custom_status)
        finish(store, instance, decision.status, decision.output)
    else:
        store.update(instance.id, status=_ongoing(instance), custom_status=decision.custom_status)


def begin_generation(store: Store, instance: Instance, decision: Decision) -> None:
    """Continue as new: an empty history, the next input, the events that came too late."""
    execution = str(uuid.uuid4())
    next_input = events.encoded(decision.next_input)
    store.drop_generation(instance.id)
    store.update(
        instance.id,
        execution=execution,
        input=next_input,
        created=events.timestamp(events.utc_now()),
        status=_ongoing(instance),
        custom_status=decision.custom_status,
    )
    start = events.execution_started(instance.name, next_input, instance.version)
    store.send_before_others(instance.id, execution, [start, *decision.carried_over])


def owe(store: Store, timers: Timers, instance: Instance, decision: Decision) -> list[Task]:
    """Note the activity runs and timers a turn asked for."""
    tasks = []
    for item in decision.scheduled:
        if item.kind is EventType.TASK_SCHEDULED:
            task = Task(instance.id, instance.execution, item.number, item.name, item.input)
            store.add_task(task)
            tasks.append(task)
        elif item.kind is EventType.TIMER_CREATED and not item.cancelled:
            timers.add(instance, item.number, item.fire_at)
    for number in decision.cancelled_timers:
        store.cancel_timer(instance.id, number)
    return tasks


def start_children(store: Store, parent: Instance, scheduled: list[Scheduled]) -> list[str]:
    """Create the child instances; returns the ids of who is to be woken."""
    woken = []
    for item in scheduled:
        if item.kind is not EventType.SUB_ORCHESTRATION_CREATED:
            continue
        child_id = _child_id(item, parent)
        there = store.instance(child_id)
        if there is not None and not there.status.finished:
            reason = (
                f"An orchestration instance with the id {child_id} already runs. In Azure the "
                "child would take its place, and what it had done would be lost."
            )
            refused = events.sub_orchestration_failed(item.number, reason, None)
            store.send(parent.id, parent.execution, refused)
            woken.append(parent.id)
            continue
        child_input = events.encoded(item.input)
        start = events.execution_started(item.name, child_input)
        link = (parent.id, parent.execution, item.number)
        store.create(child_id, str(uuid.uuid4()), start, child_input, parent=link)
        woken.append(child_id)
    return woken


def _ongoing(instance: Instance) -> Status:
    """The status after a turn that did not end the instance: it may be suspended meanwhile."""
    return Status.SUSPENDED if instance.status is Status.SUSPENDED else Status.RUNNING


def _child_id(item: Scheduled, parent: Instance) -> str:
    return item.instance_id or f"{parent.execution}:{item.number}"


def _event_of(item: Scheduled, instance: Instance) -> Event:
    if item.kind is EventType.TASK_SCHEDULED:
        return events.task_scheduled(item.number, item.name, item.input)
    if item.kind is EventType.TIMER_CREATED:
        return events.timer_created(item.number, item.fire_at)
    child = _child_id(item, instance)
    return events.sub_orchestration_created(item.number, item.name, child, item.input)
