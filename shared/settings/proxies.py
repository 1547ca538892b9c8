"""Proxies that the environment names are for what lies elsewhere."""

from collections.abc import MutableMapping
from urllib.parse import urlsplit

from shared.errors import SettingsError

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_EVERYTHING = "*"


def settle_proxies(environment: MutableMapping[str, str]) -> None:
    """Let whatever reads `environment`, this process and its children, reach this machine without a
    proxy, and see no proxy that it cannot use.

    Raises SettingsError where one is needed that nothing here can use.
    """
    hosts = [host.strip() for host in _read(environment, "no_proxy").split(",") if host.strip()]
    if _EVERYTHING not in hosts:
        _drop_unusable(environment)
        hosts += [host for host in _LOOPBACK if host not in hosts]
    # Programs read one name or the other.
    for name in ("no_proxy", "NO_PROXY"):
        environment[name] = _EVERYTHING if _EVERYTHING in hosts else ",".join(hosts)


def _drop_unusable(environment: MutableMapping[str, str]) -> None:
    for scheme in ("http", "https"):
        name = f"{scheme}_proxy" if _read(environment, f"{scheme}_proxy") else "all_proxy"
        if not _is_usable(_read(environment, name)):
            raise SettingsError(
                f"The proxy that {name.upper()} names is none for HTTP: name one that is, as "
                "http://HOST:PORT, or unset it."
            )
    if not _is_usable(_read(environment, "all_proxy")):
        for name in ("all_proxy", "ALL_PROXY"):
            environment.pop(name, None)


def _is_usable(address: str) -> bool:
    """Also where there is none. Without a scheme it is one of HTTP."""
    try:
        named = urlsplit(address if "://" in address else f"http://{address}")
        is_whole = bool(named.hostname) and named.port != 0
    except ValueError:
        return False
    return not address or (is_whole and named.scheme in ("http", "https"))


def _read(environment: MutableMapping[str, str], name: str) -> str:
    """The value under the name in lower case, else in capitals."""
    return (environment.get(name) or environment.get(name.upper(), "")).strip()
