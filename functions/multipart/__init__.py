"""Multipart forms (RFC 7578), as all kinds of clients send them: where their parts lie, and what
their files are called.

`form.read_form` is the door.
"""
