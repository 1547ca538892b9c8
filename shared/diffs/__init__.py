"""Pure text work on pull requests: patches, their lines, and what is found on them.

`changes.file_diff` reads a patch, `locate.locate` finds quoted lines in it.
"""
