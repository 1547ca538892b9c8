"""Workflows that are under way at an upgrade go on: for each version that is still supported the
orchestrator schedules what it did when that version was new.

A test that fails here says that such workflows would break. Raise `defaultVersion` in host.json,
keep the old way for the `context.version` of before, and add the file of the new version
(`python -m tests.support.product.workflow_journal VERSION`). A version's file goes with its way,
when no instance of it runs any more (docs/operations.md).
"""

import json
from pathlib import Path

import pytest

from tests.support.hosts.process import ROOT
from tests.support.product.workflow_journal import SCENARIOS, journal

FILES = {path.stem: path for path in (Path(__file__).parent / "workflow_versions").glob("*.json")}


def test_the_present_version_has_its_file() -> None:
    host = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    assert host["extensions"]["durableTask"]["defaultVersion"] == max(FILES, key=int)


@pytest.mark.parametrize("version", FILES)
def test_an_instance_of_this_version_schedules_what_it_always_did(version: str) -> None:
    before = json.loads(FILES[version].read_text(encoding="utf-8"))
    assert {name: journal(name, version) for name in before} == before


def test_the_present_version_is_known_in_all_scenarios() -> None:
    newest = FILES[max(FILES, key=int)]
    assert {*json.loads(newest.read_text(encoding="utf-8"))} == {*SCENARIOS}
