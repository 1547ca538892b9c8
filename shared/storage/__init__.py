"""What all tables share: keys, columns, sharded counters, locks, and how outages are outlasted.

No part of it knows a ticket or a user. `keys`, `columns` and `conflicts.retry_on_conflict` are the
doors.
"""
