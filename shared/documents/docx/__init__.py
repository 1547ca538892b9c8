"""Reads Word documents, with tracked changes, comments, footnotes and numbering.

`reader.read_docx` is the door.
"""
