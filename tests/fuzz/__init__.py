"""`make fuzz`: what parses things of others is given what nobody would send.

`targets` says what is tried and what must hold; `engine` tries one target in a process of its own,
by hypothesis or atheris; `__main__` shares the time and prints the table.
"""
