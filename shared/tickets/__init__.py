"""Tickets: opened, read, listed, changed, cancelled, reprocessed, deleted, each change with its
event and its counts in one transaction.

`opening.TicketOpening`, `service.TicketService`, `deletion.TicketDeletion`,
`results.TicketQueries` and `listing` are the doors.
"""
