"""Triggers and durable glue, one family a module: all that knows the platform.

`BLUEPRINTS` is the door, which function_app.py registers.
"""

from functions import (
    accounts,
    activities,
    attachments,
    audit,
    blob_trigger,
    console,
    orchestrator,
    realtime,
    schedules,
    service_info,
    statistics,
    tickets,
)

BLUEPRINTS = (
    accounts.bp,
    activities.bp,
    attachments.bp,
    audit.bp,
    blob_trigger.bp,
    console.bp,
    orchestrator.bp,
    realtime.bp,
    tickets.bp,
    schedules.bp,
    service_info.bp,
    statistics.bp,
)
