"""Tickets: opened, read, listed, changed, cancelled, reprocessed, deleted, each change with its
event and its counts in one transaction.

`opening.Intake`, `service.Changing`, `results.Reading` and `listing` are the doors.
"""
