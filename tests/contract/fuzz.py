"""Holds the running app against its own API description with generated requests (schemathesis).

Ends with status 1 for an answer that is not in the description, a 5xx, or a bad request taken.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from infra.local.azurite import Azurite, Ports
from tests.world import PASSWORD, World, worlds

ADMIN = "root@example.com"
HERE = Path(__file__).parent


def fuzz(world: World, folder: str, seconds: int, more: list[str]) -> int:
    """Run in `folder` for about `seconds` as the administrator; the status of schemathesis."""
    login = {"username": ADMIN, "password": PASSWORD}
    api = f"{world.host.base_url}/api/v1"
    token = httpx2.post(f"{api}/auth/login", data=login).raise_for_status().json()["access_token"]
    command = [
        *(sys.executable, "-m", "schemathesis.cli"),
        *("--config-file", str(HERE / "schemathesis.toml")),
        *("run", f"{api}/openapi.json", "--max-time", str(seconds)),
        *("--header", f"Authorization: Bearer {token}"),
        *more,
    ]
    return subprocess.run(command, check=False, cwd=folder).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    known, more = parser.parse_known_args()
    with (
        TemporaryDirectory() as folder,
        Azurite(Path(folder) / "azurite", Ports(0, 0, 0)) as azurite,
        worlds(
            azurite.connection_string,
            Path(folder) / "world",
            BOOTSTRAP_ADMIN_EMAIL=ADMIN,
            BOOTSTRAP_ADMIN_PASSWORD=PASSWORD,
        ) as world,
    ):
        status = fuzz(world, folder, known.seconds, more)
        faults = [line for line in world.host.log.splitlines() if "Fault " in line]
    print(*faults, sep="\n")
    return status or bool(faults)


if __name__ == "__main__":
    sys.exit(main())
