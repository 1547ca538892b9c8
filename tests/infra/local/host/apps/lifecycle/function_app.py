"""Orchestrations to be managed, and HTTP functions that manage them by the SDK's client."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@app.activity_trigger(input_name="value")
def echo(value: Any) -> Any:
    return value


@app.activity_trigger(input_name="text")
def boom(text: str) -> None:
    raise ValueError(text)


@app.orchestration_trigger(context_name="context")
def one_step(context: df.DurableOrchestrationContext) -> Any:
    return (yield context.call_activity("echo", context.get_input()))


@app.orchestration_trigger(context_name="context")
def failing(context: df.DurableOrchestrationContext) -> Any:
    yield context.call_activity("boom", "no luck")


@app.orchestration_trigger(context_name="context")
def listener(context: df.DurableOrchestrationContext) -> Any:
    context.set_custom_status("waiting")
    return (yield context.wait_for_external_event("go"))


@app.orchestration_trigger(context_name="context")
def collector(context: df.DurableOrchestrationContext) -> Any:
    context.set_custom_status("waiting")
    got = []
    for name in ("a", "b", "c"):
        got.append((yield context.wait_for_external_event(name)))
    return got


@app.orchestration_trigger(context_name="context")
def ticking(context: df.DurableOrchestrationContext) -> Any:
    context.set_custom_status("waiting")
    yield context.create_timer(context.current_utc_datetime + timedelta(seconds=2))
    return "fired"


@app.orchestration_trigger(context_name="context")
def echo_input(context: df.DurableOrchestrationContext) -> Any:
    return context.get_input()


@app.orchestration_trigger(context_name="context")
def nan(context: df.DurableOrchestrationContext) -> Any:
    return [float("nan"), "\ud800"]


@app.orchestration_trigger(context_name="context")
def family(context: df.DurableOrchestrationContext) -> Any:
    return (yield context.call_sub_orchestrator("one_step", {"a": 1}))


# by the SDK's client


def _json(value: Any) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(value), mimetype="application/json")


@app.route(route="start/{name}/{id?}")
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: Any) -> func.HttpResponse:
    given = req.get_json() if req.get_body() else None
    route = req.route_params
    try:
        instance = await client.start_new(route["name"], route.get("id"), given)
    except Exception as error:
        return func.HttpResponse(str(error), status_code=400)
    return client.create_check_status_response(req, instance)


@app.route(route="start-and-wait/{name}/{milliseconds}")
@app.durable_client_input(client_name="client")
async def start_and_wait(req: func.HttpRequest, client: Any) -> func.HttpResponse:
    instance = await client.start_new(req.route_params["name"])
    milliseconds = int(req.route_params["milliseconds"])
    return await client.wait_for_completion_or_create_check_status_response(
        req, instance, milliseconds, 50
    )


@app.route(route="payload/{id}")
@app.durable_client_input(client_name="client")
async def payload(req: func.HttpRequest, client: Any) -> func.HttpResponse:
    return _json(client.create_http_management_payload(req.route_params["id"]))


@app.route(route="manage/{what}/{id}")
@app.durable_client_input(client_name="client")
async def manage(req: func.HttpRequest, client: Any) -> func.HttpResponse:
    """Call a method of the client that takes an id and a reason."""
    method = getattr(client, req.route_params["what"])
    try:
        await method(req.route_params["id"], req.params.get("reason", "because"))
    except Exception as error:
        return func.HttpResponse(str(error), status_code=400)
    return func.HttpResponse("done")


@app.route(route="purge/{id}")
@app.durable_client_input(client_name="client")
async def purge(req: func.HttpRequest, client: Any) -> func.HttpResponse:
    try:
        return _json(
            (await client.purge_instance_history(req.route_params["id"])).instances_deleted
        )
    except Exception as error:
        return func.HttpResponse(str(error), status_code=400)


@app.route(route="restart/{id}/{new}")
@app.durable_client_input(client_name="client")
async def restart(req: func.HttpRequest, client: Any) -> func.HttpResponse:
    new_id = req.route_params["new"] == "new"
    return _json(await client.restart(req.route_params["id"], new_id))


@app.route(route="status/{id}")
@app.durable_client_input(client_name="client")
async def status(req: func.HttpRequest, client: Any) -> func.HttpResponse:
    found = await client.get_status(
        req.route_params["id"], show_history=True, show_history_output=True, show_input=True
    )
    if not found:
        return _json(None)
    events = [event["EventType"] for event in found.historyEvents]
    return _json({"status": found.runtime_status.value, "output": found.output, "events": events})


@app.route(route="find/{prefix}")
@app.durable_client_input(client_name="client")
async def find(req: func.HttpRequest, client: Any) -> func.HttpResponse:
    """Ids of the completed instances with that prefix."""
    found = await client.get_status_by(
        LONG_AGO,
        datetime.now(UTC),
        [df.OrchestrationRuntimeStatus.Completed],
        req.route_params["prefix"],
    )
    return _json(sorted(each.instance_id for each in found))


@app.route(route="purge-terminated")
@app.durable_client_input(client_name="client")
async def purge_terminated(req: func.HttpRequest, client: Any) -> func.HttpResponse:
    found = await client.purge_instance_history_by(
        LONG_AGO, datetime.now(UTC), [df.OrchestrationRuntimeStatus.Terminated]
    )
    return _json(found.instances_deleted)


@app.route(route="all")
@app.durable_client_input(client_name="client")
async def everything(req: func.HttpRequest, client: Any) -> func.HttpResponse:
    return _json([each.instance_id for each in await client.get_status_all()])
