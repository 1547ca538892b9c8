"""Ways to stop or to kill a running app at a chosen place."""
