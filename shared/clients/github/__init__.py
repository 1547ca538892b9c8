"""GitHub over its REST API: pull requests, files, patches, reviews.

`client.GitHubClient` is the door.
"""
