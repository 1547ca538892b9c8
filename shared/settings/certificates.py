"""Certificates that the environment names beside those of the system."""

from collections.abc import Mapping
from pathlib import Path

from shared.errors import SettingsError

_NAME = "SSL_CERT_FILE"
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


def check_certificates(environment: Mapping[str, str]) -> None:
    """Raises SettingsError where the file has none: then no client of HTTP can be made. Of many the
    first is looked at: to read all of them would take a tenth of the app's import."""
    file = environment.get(_NAME)
    if not file:
        return
    import ssl

    try:
        _, begin, rest = Path(file).read_bytes().partition(_BEGIN)
        first = (begin + rest.partition(_END)[0] + _END).decode("ascii")
        given = {"cadata": first} if begin else {"cafile": file}  # which may hold other kinds
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(**given)
    except (OSError, ValueError):
        raise SettingsError(
            f"The setting {_NAME} names no certificates (PEM) that can be read: name a file of "
            "some, or unset it."
        ) from None
