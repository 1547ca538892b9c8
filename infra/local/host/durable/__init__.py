"""Durable Functions for the local host: the part that the Functions extension plays in Azure.

The Python SDK only replays an orchestrator; scheduling, history, timers, sequence checks and the
management API are done here:

    events.py     what happened to an instance, as the SDK reads it
    walk.py       runs through the actions of a replay as the extension does
    scheduled.py  what a replay scheduled, and whether the history agrees
    store.py      instances, history, inbox, tasks and timers in SQLite
    turn.py       one replay: history in, actions out
    decision.py   what a turn comes to; settling.py writes it down
    engine.py     when what runs: turns, activities.py, timers.py, by the time of clock.py
    api.py        the extension's HTTP API, over operations.py, at addresses.py

Where it differs from Azure, and why: docs/local-host.md.
"""
