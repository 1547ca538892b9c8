"""Puts the product together: reads the settings and makes each part once, when it is first needed.

`wiring` is the door.
"""
