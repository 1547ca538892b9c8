"""The audit trail: chains of hashed events, their rows, search and verification, retention.

`chain` makes events, `trail.AuditTrail` reads them.
"""
