"""SQL of Snowflake, pure: which queries may run, and the statements that the program itself needs.

`guard.guard` is the door for SQL of others, with a `policy.Policy` (import it where it is used);
`templates` has our own.
"""
