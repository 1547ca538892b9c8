"""Writes Word documents from Markdown.

`docx` is the door.
"""
