"""The language model: calls, their outcomes, and the forms that answers must have.

`client.ModelClient` is the door.
"""
