"""SQL of Snowflake, pure: which queries may run, and the statements that the program itself needs.

`guard.guard` is the door for SQL that somebody else wrote; `templates` is for ours.
"""
