"""Results as files, in the forms that their task types offer; long ones are made by a process of
their own.

`files.render_result` is the door.
"""
