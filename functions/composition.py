"""The product as this process has it: made once, when the function app is loaded."""

import logging
import os
from functools import cache

from shared.app import App
from shared.settings import read_settings
from shared.settings.certificates import check_certificates
from shared.settings.proxies import settle_proxies

log = logging.getLogger(__name__)


@cache
def product() -> App:
    """Raises SettingsError."""
    # These libraries log every request, some with its headers.
    for name in ("azure", "httpx2", "openai"):
        logging.getLogger(name).setLevel(logging.WARNING)
    settle_proxies(os.environ)
    check_certificates(os.environ)
    app = App(read_settings(os.environ))
    for service, address in app.settings.list_addresses().items():
        log.info("%s: %s", service, address or "none")
    app.telemetry.listen()
    return app
