"""Certificates that the environment names beside those of the system."""

from collections.abc import Mapping
from pathlib import Path

from shared.errors import SettingsError

_NAME = "SSL_CERT_FILE"


def check_certificates(environment: Mapping[str, str]) -> None:
    """Raises SettingsError where there is no such file: then no client of HTTP can be made."""
    file = environment.get(_NAME, "")
    try:
        if file:
            Path(file).open("rb").close()
    except OSError:
        raise SettingsError(
            f"The setting {_NAME} names no file that can be read: name one of certificates (PEM), "
            "or unset it."
        ) from None
