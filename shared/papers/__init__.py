"""What can be said of a paper's text without asking anybody, pure: repetition, citations,
quotes, code, sentences that are left out, references.

`citations`, `references` and `code` are the doors.
"""
