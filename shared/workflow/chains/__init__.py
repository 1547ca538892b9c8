"""Chains of steps: while a round is a single piece of work, it is done where it was made, and what
follows it as well, mostly to the end of the ticket.

Each step that the platform runs costs it some queue messages, and the app a reading of what the
step before has stored. A chain stores what would be paid for twice, before it asks for more; what
it cannot go on with it leaves to the steps that the platform runs one by one. `chain.Chains` is the
door.
"""
