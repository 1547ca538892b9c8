"""What lists tickets: pointers for the lists of administrators and assignees, ranges of rows, pages
and cursors.

`listing.Listing` is the door.
"""
