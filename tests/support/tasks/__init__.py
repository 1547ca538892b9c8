"""Tickets of one task type from opening to result: `reviews.Reviews`, `analyses.Analyses`."""
