"""Changed files that nobody reads: which these are, and what a program sees in them.

`skipping.skip_reason` is the door to the first, `secrets.find_secret` and `dependencies` to the
second.
"""
