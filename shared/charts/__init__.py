"""Charts: Vega-Lite specifications as pictures, drawn in a process of their own.

`rendering.ChartRenderer` is the door.
"""
