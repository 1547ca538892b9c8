"""What the app reports of itself: spans, metrics, log lines, about tickets and without their
content. `telemetry.Telemetry` turns it on, in the background, once the first answer is out; until
then and where it is off, `spans` and `metrics` cost next to nothing.
"""
