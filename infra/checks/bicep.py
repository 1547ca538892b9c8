"""Microsoft's Bicep compiler, where there is one.

`BICEP` names it; else it is the one on PATH, or is unpacked once from the archive beside the
repository. What else reads Bicep (pycep-parser) does not know the language of today: types of
literals, lambdas, spreads.
"""

import fcntl
import json
import lzma
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
NONE = "there is no Bicep compiler: BICEP names none, and PATH has none (az bicep install)"
_ARCHIVE = ROOT.parent / "shared/tools/bicep/bicep.xz"
_BUILD = ROOT / ".build"
_DOTNET = {
    "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
    # Where it unpacks itself; HOME may be read-only.
    "DOTNET_BUNDLE_EXTRACT_BASE_DIR": str(_BUILD / "dotnet"),
}
_TIMEOUT_SECONDS = 120.0
_SUBSCRIPTION = ("--subscription-id", "00000000-0000-0000-0000-000000000001")


class BicepError(Exception):
    """What the compiler said, warnings too."""


def find_bicep() -> Path | None:
    """None where there is none. Raises BicepError where `BICEP` names what is not there."""
    if given := os.environ.get("BICEP"):
        if not Path(given).is_file():
            raise BicepError(f"BICEP names {given}, which is no file")
        return Path(given)
    if found := shutil.which("bicep"):
        return Path(found)
    program = _BUILD / "bicep"
    if not program.exists() and _ARCHIVE.exists():
        _unpack(program)
    return program if program.exists() else None


def _unpack(program: Path) -> None:
    """Of several processes one unpacks; the program appears when all of it is there."""
    _BUILD.mkdir(exist_ok=True)
    partial = program.with_suffix(".partial")
    with (_BUILD / "bicep.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if program.exists():
            return
        with lzma.open(_ARCHIVE) as archive, partial.open("wb") as file:
            shutil.copyfileobj(archive, file)
        partial.chmod(0o755)
        partial.rename(program)


def run_bicep(*arguments: str, env: Mapping[str, str] | None = None) -> str:
    """What the compiler prints. Raises BicepError for an error, and for a warning."""
    program = find_bicep()
    if program is None:
        raise BicepError(NONE)
    done = subprocess.run(
        [str(program), *arguments],
        check=False,
        env={**_DOTNET, **os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
    )
    if done.returncode or "Warning" in done.stderr:
        raise BicepError(done.stderr or done.stdout)
    return done.stdout


def main_snapshot(folder: Path, env: Mapping[str, str]) -> dict[str, Any]:
    """Every resource that `azd provision` would make with `env` as its environment, with the
    expressions evaluated as far as that is possible without Azure.

    `folder` is empty, and holds a copy of the sources afterwards. Raises BicepError.
    """
    _copy_sources(folder)
    return _snapshot(folder / "main.bicepparam", ("--location", "swedencentral"), env)


def subscription_snapshot(folder: Path, parameters: Mapping[str, str]) -> dict[str, Any]:
    """The same for what the hook after a deployment makes with these parameters."""
    _copy_sources(folder)
    lines = [f"param {name} = '{value}'" for name, value in parameters.items()]
    file = folder / "subscription.bicepparam"
    file.write_text("\n".join(["using './subscription.bicep'", *lines]))
    return _snapshot(file, ("--resource-group", "rg-amida-dev"), {})


def _copy_sources(folder: Path) -> None:
    for name in ("main.bicep", "main.bicepparam", "bicepconfig.json", "subscription.bicep"):
        shutil.copy(INFRA / name, folder)
    for name in ("modules", "queries"):
        shutil.copytree(INFRA / name, folder / name)


def _snapshot(parameters: Path, place: tuple[str, str], env: Mapping[str, str]) -> dict[str, Any]:
    where = (*_SUBSCRIPTION, *place)
    run_bicep("snapshot", str(parameters), "--mode", "overwrite", *where, env=env)
    taken: dict[str, Any] = json.loads(parameters.with_suffix(".snapshot.json").read_text())
    if taken["diagnostics"]:
        raise BicepError(json.dumps(taken["diagnostics"], indent=2))
    return taken
