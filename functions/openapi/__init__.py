"""The OpenAPI document of the API, made of the endpoints as they are declared.

`document.description` makes it, with the schemas that `schemas` makes of the models.
"""
