"""The product without its platform, in rooms by domain, each of which imports only those below it.

`app.App` puts them together; `errors` is what can go wrong in any of them.
"""
