"""Real git histories, and the changes within them."""
