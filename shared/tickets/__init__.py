"""Tickets: opened, read, listed, changed, cancelled, reprocessed, deleted, each change with its
event and its counts in one transaction.

`opening.TicketOpening`, `service.TicketService`, `results.TicketQueries` and `listing` are
the doors.
"""
