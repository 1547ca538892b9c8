"""How `make check` finds Microsoft's Bicep compiler, and what it takes for a fault."""

from pathlib import Path

import pytest

from infra.checks.bicep import BicepError, find_bicep, run_bicep


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that `BICEP` names, and that complains."""
    program = tmp_path / "bicep"
    program.write_text("#!/bin/sh\necho 'main.bicep(1,1) : Warning BCP037: unknown' >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("BICEP", str(program))
    return program


def test_a_warning_is_a_fault(compiler: Path) -> None:
    assert find_bicep() == compiler
    with pytest.raises(BicepError, match="BCP037"):
        run_bicep("build", "main.bicep")


def test_a_compiler_that_is_not_where_bicep_says_is_a_fault(compiler: Path) -> None:
    compiler.unlink()
    with pytest.raises(BicepError, match=f"BICEP names {compiler}"):
        find_bicep()


def test_it_needs_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/proc/nobody")
    if find_bicep() is None:
        pytest.skip("no compiler")
    assert "Bicep" in run_bicep("--version")
