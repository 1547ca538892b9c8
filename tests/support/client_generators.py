"""The generators of clients, from PyPI and npm, and the clients that they make of a description."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from infra.local import npm
from infra.local.installation import make_environment
from tests.support.hosts.process import ROOT

HERE = ROOT / "tests/clients"
DRIVERS = HERE / "apps"
TYPESCRIPT = HERE / "typescript"
_JAVA = ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar")
# Of the client that openapi-generator makes, what a test needs: the rest takes its time.
_PARTS = "apis=auth:attachments:tickets,models,supportingFiles"
_NO_PARTS = ("modelDocs", "apiDocs", "modelTests", "apiTests")


def make_python() -> Path:
    """The Python that has the generators and what their clients stand on. Raises InstallError."""
    return make_environment(ROOT / ".build" / "clients-venv", HERE / "requirements.txt")


def run(command: Sequence[str | Path], folder: Path) -> str:
    """What a command prints in `folder`; fails with all that it said."""
    path = f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, check=False, cwd=folder, env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


def generate_with_python_client(python: Path, description: Path, folder: Path) -> Path:
    """A driver in `folder` beside the client that openapi-python-client makes."""
    options = ("--meta", "none", "--output-path", "made_by_openapi_python_client")
    command = (python.with_name("openapi-python-client"), "generate", "--path", description)
    said = run([*command, *options], folder)
    assert "WARNING" not in said.upper(), said
    return _check_driver(python, folder, "by_openapi_python_client.py")


def generate_with_openapi_generator(python: Path, description: Path, folder: Path) -> Path:
    """A driver in `folder` beside the client that openapi-generator makes."""
    [jar] = python.parents[1].glob("lib/python3*/site-packages/openapi_generator_cli/*.jar")
    name = "made_by_openapi_generator"
    parts = ",".join([_PARTS, *(f"{part}=false" for part in _NO_PARTS)])
    options = ("-g", "python", "-o", "whole", "--package-name", name, "--global-property", parts)
    run([*_JAVA, jar, "generate", "-i", description, *options], folder)
    (folder / "whole" / name).rename(folder / name)
    return _check_driver(python, folder, "by_openapi_generator.py")


def generate_with_typescript(description: Path, folder: Path) -> Path:
    """A driver in `folder` beside the types that openapi-typescript makes."""
    npm.install(TYPESCRIPT)
    shutil.copytree(TYPESCRIPT, folder, dirs_exist_ok=True, symlinks=True, ignore=_leave_modules)
    (folder / "node_modules").symlink_to(TYPESCRIPT / "node_modules")
    run([npm.NODE, "generate.mjs", description, "api.ts"], folder)
    run([npm.NODE, "node_modules/typescript/bin/tsc", "-p", "."], folder)
    return folder / "drive.ts"


def _leave_modules(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "node_modules"]


def _check_driver(python: Path, folder: Path, name: str) -> Path:
    """The driver with its types checked against those of the client."""
    driver = Path(shutil.copy(DRIVERS / name, folder))
    options = ("--config-file=", "--strict", "--follow-imports=silent", "--cache-dir=.mypy_cache")
    run([python.with_name("mypy"), *options, driver], folder)
    return driver
