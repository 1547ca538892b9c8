"""How a pull request is opened: who may have it, what its base branch says of its files, and what
the program sees where nobody reads.

`rights.open_pull`, `base_branch.read_base` and `unread_files.find_in_unread` are the doors.
"""
