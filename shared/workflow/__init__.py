"""The steps of an attempt at a ticket, without the platform that runs them: what passes between
the orchestrator and its activities (`messages`), the activities, progress, remembered answers.

`activities.Activities` is the door.
"""
