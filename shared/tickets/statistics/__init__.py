"""How much is being done, at a cost that does not grow with the number of tickets.

`report.TicketStatistics` and `ended_sums.EndedSums` are the doors.
"""
