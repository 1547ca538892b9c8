"""Holds the running app against its own API description with generated requests (schemathesis).

Ends with status 1 for an answer that is not in the description, a 5xx, a bad request that is taken
or a good one that is refused.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from infra.local.azurite import Azurite, Ports
from infra.local.webpubsub import connection_string
from tests.support.hosts.process import ROOT
from tests.support.running_app import PASSWORD, RunningApp, run_app

ADMIN = {"username": "root@example.com", "password": PASSWORD}
SETTINGS = {
    "BOOTSTRAP_ADMIN_EMAIL": ADMIN["username"],
    "BOOTSTRAP_ADMIN_PASSWORD": PASSWORD,
    # Nobody is there: negotiating takes the key alone, and messages get lost.
    "WEBPUBSUB_CONNECTION_STRING": connection_string(9),
}
CONFIG = Path(__file__).parent / "schemathesis.toml"
# Whoever signs out, or gives themselves another password or a limit of nothing, cannot go on.
ENDING = ("change_settings", "change_user", "logout", "reset_password")
ENDING_SECONDS = 4


def fuzz(running_app: RunningApp, folder: str, seconds: int, more: list[str]) -> list[str]:
    """Run in `folder` for about `seconds` as the administrator; what is wrong, a line each."""
    api = httpx2.Client(base_url=f"{running_app.host.base_url}/api/v1")
    login = api.post("/auth/login", data=ADMIN).raise_for_status()
    api.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
    wrong = []
    apart = [word for name in ENDING for word in ("--exclude-operation-id", name)]
    if schemathesis(api, folder, seconds, *apart, *more):
        wrong.append("The app and its description differ, see above.")
    if api.get("/users/me").status_code != 200:
        wrong.append("The administrator's token has ended on the way, so little was tried.")
    for name in ENDING:
        if schemathesis(api, folder, ENDING_SECONDS, "--include-operation-id", name):
            wrong.append(f"{name} and its description differ, see above.")
    return wrong + [line for line in running_app.host.log.splitlines() if "Fault " in line]


def schemathesis(api: httpx2.Client, folder: str, seconds: int, *more: str) -> int:
    """The exit status of a run."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)),
        *("run", str(api.base_url.join("openapi.json")), "--max-time", str(seconds)),
        *("--header", f"Authorization: {api.headers['Authorization']}", *more),
    ]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, check=False, cwd=folder, env=env).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    known, more = parser.parse_known_args()
    with (
        TemporaryDirectory() as folder,
        Azurite(Path(folder) / "azurite", Ports(0, 0, 0)) as azurite,
        run_app(azurite.connection_string, Path(folder) / "running_app", **SETTINGS) as running_app,
    ):
        wrong = fuzz(running_app, folder, known.seconds, more)
    print(*wrong, sep="\n")
    return len(wrong) > 0


if __name__ == "__main__":
    sys.exit(main())
