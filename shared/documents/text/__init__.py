"""Reads everything that is text: prose, source, HTML, XML, CSV, JSON, Markdown, notebooks.

`reader.read_text` is the door.
"""
