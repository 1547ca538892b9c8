"""What can be said of a paper's text without asking anybody, pure: words, repetition, quantities,
citations, quotes, code, sentences that are left out, references.

`prose`, `quantities`, `citations`, `references` and `code` are the doors.
"""
