"""Hosts as processes of a test: started, killed, started again; and the Durable Functions API."""
