"""Triggers and durable glue, one family a module."""

from functions import (
    accounts,
    attachments,
    audit,
    meta,
    pipeline,
    tickets,
    upkeep,
    uploads,
)

BLUEPRINTS = (
    accounts.bp,
    attachments.bp,
    audit.bp,
    meta.bp,
    pipeline.bp,
    tickets.bp,
    upkeep.bp,
    uploads.bp,
)
