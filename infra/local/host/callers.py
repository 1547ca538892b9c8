"""Who may call what starts and ends work: programs on this machine, and no page of elsewhere.

A browser sends a simple POST to any address that a page names, and a page whose name is made to
lead here (DNS rebinding) is its own origin; neither can write the headers looked at here.
"""

import re
from contextlib import suppress
from ipaddress import ip_address

from starlette.types import Scope

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^\[\]:/?#@\\]+)(:[0-9]*)?")


def is_management(path: str) -> bool:
    """Whether the host itself answers there: the management API, and the endpoint for events."""
    return path.lower().startswith("/runtime/")


def is_foreign(scope: Scope, own_host: str) -> bool:
    """Whether a request comes from a page of another origin, or by a name other than `localhost`,
    an address, and `own_host`."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    host = headers.get(b"host", "")
    origin = headers.get(b"origin", f"{scope['scheme']}://{host}")
    is_own_origin = origin.lower() == f"{scope['scheme']}://{host}".lower()
    return not (is_own_origin and _is_here(host, own_host))


def _is_here(host: str, own_host: str) -> bool:
    named = _HOST.fullmatch(host)
    if named is None:
        return False
    name = named["name"].lower().strip("[]")
    if name in ("localhost", own_host.lower()):
        return True
    with suppress(ValueError):
        return bool(ip_address(name))  # To an address no name was made to lead.
    return False
