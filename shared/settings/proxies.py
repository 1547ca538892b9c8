"""Proxies that the environment names are for what lies elsewhere."""

from collections.abc import MutableMapping

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_NAMES = ("no_proxy", "NO_PROXY")
_EVERYTHING = "*"


def bypass_loopback(environment: MutableMapping[str, str]) -> None:
    """Let whatever reads `environment`, this process and its children, reach this machine without a
    proxy. Programs read one name or the other, and both say the same from then on."""
    given = next((environment[name] for name in _NAMES if environment.get(name)), "")
    hosts = [host.strip() for host in given.split(",") if host.strip()]
    if hosts != [_EVERYTHING]:
        hosts += [host for host in _LOOPBACK if host not in hosts]
    for name in _NAMES:
        environment[name] = ",".join(hosts)
