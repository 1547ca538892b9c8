"""The product as this process has it: made once, when the function app is loaded."""

import logging
import os
from functools import cache

from shared.app import App
from shared.settings import read_settings


@cache
def product() -> App:
    """Raises SettingsError."""
    # These libraries log every request, some with its headers.
    for name in ("azure", "httpx2", "openai"):
        logging.getLogger(name).setLevel(logging.WARNING)
    app = App(read_settings(os.environ))
    app.telemetry.listen()
    return app
