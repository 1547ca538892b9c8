"""What runs the app on one's own machine: the functions host and stand-ins for what is in Azure."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The folder of the app."""
