"""What comes from a registry is installed once, and what fails says why."""

import os
import sys
from pathlib import Path

import pytest

from infra.local.installation import InstallError, install_once, make_environment, run_installer

NOWHERE = "http://127.0.0.1:9"
PYTHON = """#!/bin/sh
# Writes down the module that it is asked for, and makes a Python like itself.
echo "$2" >> {calls}
mkdir -p "$(dirname {own})"
[ -e {own} ] || cp "$0" {own}
"""


def test_it_is_installed_once_and_again_when_what_it_is_made_of_changes(tmp_path: Path) -> None:
    folder = tmp_path / "parts" / "thing"
    calls = []

    def install() -> None:
        folder.mkdir(exist_ok=True)
        calls.append("install")

    def ask(made_of: str) -> bool:
        return install_once(folder / ".stamp", tmp_path / "parts/thing.lock", made_of, install)

    assert [ask("a==1"), ask("a==1"), ask("a==2"), ask("a==2")] == [True, False, True, False]
    assert calls == ["install"] * 2


def test_what_failed_is_installed_the_next_time(tmp_path: Path) -> None:
    stamp, lock = tmp_path / ".stamp", tmp_path / "thing.lock"
    with pytest.raises(InstallError, match=r"(?s)ended with status 3:.*why$"):
        install_once(stamp, lock, "a==1", _end_with_status_3)
    assert install_once(stamp, lock, "a==1", lambda: None)


def _end_with_status_3() -> None:
    run_installer(
        sys.executable, "-c", "import sys; print('why', end='', file=sys.stderr); exit(3)"
    )


def test_where_no_registry_is_reached_the_error_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    pip = (sys.executable, "-m", "pip", "--retries", "1", "--quiet")
    with pytest.raises(InstallError, match=r"^the registry was not reached, "):
        run_installer(*pip, "install", "--index-url", NOWHERE, "--target", str(tmp_path), "a-b-c")


def test_an_environment_is_made_anew_when_a_file_that_its_requirements_include_changes(
    tmp_path: Path,
) -> None:
    program, folder, calls = tmp_path / "python3", tmp_path / "venv", tmp_path / "calls"
    program.write_text(PYTHON.format(calls=calls, own=folder / "bin/python"))
    program.chmod(0o755)
    requirements, included = tmp_path / "requirements.txt", tmp_path / "included.txt"
    requirements.write_text("-r included.txt\n")
    for text in ("a==1", "a==1", "a==2"):
        included.write_text(text)
        assert make_environment(folder, requirements, str(program)) == folder / "bin/python"
    assert calls.read_text().split() == ["venv", "pip"] * 2
