"""How a ticket went, and how much is being done, at a cost that does not grow with all there are.

`timeline.tell_course`, `report.TicketStatistics` and `ended_sums.EndedSums` are the doors.
"""
