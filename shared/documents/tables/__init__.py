"""Tables that are too long to be read to a model: what their columns hold, and what the program
reckons of their rows. All of it runs in the process of `worker`.

`queries.compute` is the door.
"""
