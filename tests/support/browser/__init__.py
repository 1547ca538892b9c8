"""A browser that is installed here, sent on journeys through the console."""
