"""Clients of the services outside, each the only one that speaks to its service.

Errors come out in our words. Each module is a door, and so are `llm`, `github` and `mcp`.
"""
