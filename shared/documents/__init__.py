"""From the bytes of a file to its text with places, pure: file types, readers, chunks, quotes.

`extraction.extract` reads a file in a process of its own.
"""
