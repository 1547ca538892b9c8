"""A host for Python v2 function apps, for development and tests.

It serves any app folder as `func start` does, for the triggers and bindings it knows: HTTP, blob,
timer, and Durable Functions (orchestrators, activities and the client). Everything else is refused
at start, naming the function. State lives in SQLite, so a killed host goes on where it was.
"""
