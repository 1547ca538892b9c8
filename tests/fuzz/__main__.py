"""`make fuzz`: shares FUZZ_MINUTES among the targets and prints a table; status 1 when something is
found. What fails is kept below `.local/fuzz`."""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from infra.local.installation import InstallError, make_environment
from tests.fuzz.targets import TARGETS
from tests.support.hosts.process import ROOT

_KEPT = ROOT / ".local" / "fuzz"
_REQUIREMENTS = Path(__file__).parent / "requirements.txt"
_WIDTHS = (18, 12, 10, 8, 40)


def main() -> int:
    """Try all, or those that are named."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("targets", nargs="*", help=", ".join(TARGETS))
    arguments = parser.parse_args()
    paths = find_atheris()
    engines = ("hypothesis", "atheris") if paths else ("hypothesis",)
    runs = [(name, engine) for name in arguments.targets or TARGETS for engine in engines]
    workers = os.cpu_count() or 1
    seconds = 60 * arguments.minutes * workers / len(runs)
    print_row("target", "engine", "inputs", "s", "found")
    with ThreadPoolExecutor(workers) as pool:
        outcomes = pool.map(lambda run: try_target(run[0], run[1], seconds, paths), runs)
        for (name, engine), told in zip(runs, outcomes, strict=True):
            print_row(name, engine, told["inputs"], told["seconds"], told["error"] or "nothing")
            if told["kept"]:
                print(f"  kept in {told['kept']}", flush=True)
    return 1 if any(_KEPT.glob("*/*/found")) else 0


def find_atheris() -> str:
    """Where atheris is, empty where it cannot be had for this Python."""
    try:
        python = make_environment(ROOT / ".build" / "fuzz-venv", _REQUIREMENTS)
    except InstallError as error:
        print(f"without atheris: {error}"[:200], flush=True)
        return ""
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    done = subprocess.run([python, "-c", where], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def try_target(name: str, engine: str, seconds: float, paths: str) -> dict[str, Any]:
    """What one process had to say. One that died says nothing: the input was its last."""
    folder = _KEPT / name.replace(" ", "-") / engine
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "found").unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.engine", name, engine, str(seconds), str(folder)]
    env = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(command, check=False, cwd=ROOT, env=env, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"inputs"')]
    told: dict[str, Any] = {"inputs": "?", "seconds": "?", "kept": str(folder / "trying")}
    told["error"] = f"ended with {done.returncode}: {done.stderr.strip()[-300:]}"
    told = json.loads(lines[-1]) if lines else told
    if told["error"]:
        (folder / "found").write_text(told["error"])
    return told


def print_row(*cells: object) -> None:
    line = "".join(str(cell).ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True))
    print(line.rstrip(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
