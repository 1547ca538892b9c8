"""The services around the app, over real HTTP, under a test's control."""
