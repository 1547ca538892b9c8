"""What lists tickets: pointers for the lists of administrators and assignees, ranges of rows, pages
and cursors.

`listing.TicketList` is the door.
"""
