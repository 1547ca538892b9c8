"""Certificates that the environment names beside those of the system."""

from collections.abc import Mapping

from shared.errors import SettingsError

_NAME = "SSL_CERT_FILE"


def check_certificates(environment: Mapping[str, str]) -> None:
    """Raises SettingsError where there are none in the file: then no client of HTTP can be made."""
    file = environment.get(_NAME)
    if not file:
        return
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except OSError:
        raise SettingsError(
            f"The setting {_NAME} names no certificates (PEM) that can be read: name a file of "
            "some, or unset it."
        ) from None
