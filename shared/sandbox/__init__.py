"""Work on what nobody trusts, in a child process that can be killed: time, memory and crashes stay
there.

`runner.run_in_child` is the door; a module that is run so begins with `child.read_request`.
"""
