"""Reads PDF files: text by pdfium, structure and limits by pypdf.

`reader.read_pdf` is the door.
"""
