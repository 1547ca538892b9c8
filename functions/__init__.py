"""Triggers and durable glue, one family a module."""

from functions import accounts, meta, pipeline, tickets, upkeep

BLUEPRINTS = (
    accounts.bp,
    meta.bp,
    pipeline.bp,
    tickets.bp,
    upkeep.bp,
)
