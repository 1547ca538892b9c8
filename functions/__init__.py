"""Triggers and durable glue, one family a module."""

from functions import accounts, attachments, meta, pipeline, tickets, upkeep

BLUEPRINTS = (
    accounts.bp,
    attachments.bp,
    meta.bp,
    pipeline.bp,
    tickets.bp,
    upkeep.bp,
)
