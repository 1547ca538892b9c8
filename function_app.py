"""The function app: registers every family of functions; nothing else."""

import azure.durable_functions as df
import azure.functions as func

from functions import BLUEPRINTS
from functions.composition import product

product()  # A missing or bad setting stops the app here, with a message that names it.

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
for blueprint in BLUEPRINTS:
    app.register_functions(blueprint)
