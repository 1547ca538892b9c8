"""Users: names, sign-in, tokens, waits after failures, what users do to themselves and what
administrators do to them.

`self_service.Accounts`, `administration.UserAdministration` and `authentication.Authentication`
are the doors.
"""
