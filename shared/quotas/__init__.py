"""What users, departments and the whole app may use: counted where it is limited, and only there.

`service.Quotas` counts tickets and files, `token_budgets.TokenBudgets` what the model may still be
asked; no part of it knows how tickets are stored.
"""
