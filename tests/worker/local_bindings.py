"""Prints, as JSON, the bindings with which the local host serves the app in the working folder."""

import json
import sys
from pathlib import Path
from typing import Any

from infra.local.host.functions import Function, load


def served(function: Function) -> list[dict[str, Any]]:
    """Its trigger, and the client and the answer that it has beside it."""
    bindings = [function.trigger]
    if function.client:
        hub = {"taskHub": function.client_hub} if function.client_hub else {}
        client = {"type": "durableClient", "name": function.client, **hub}
        bindings.append({"direction": 0, **client})
    if function.kind == "httpTrigger":
        bindings.append({"direction": 1, "type": "http", "name": "$return"})
    return bindings


if __name__ == "__main__":
    json.dump({one.name: served(one) for one in load(Path.cwd()).functions}, sys.stdout)
