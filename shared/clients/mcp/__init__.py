"""Snowflake through the Model Context Protocol: its managed server, or any that offers SQL.

`connection.SnowflakeConnection` is the door; `mcp` is loaded when one is first used.
"""
