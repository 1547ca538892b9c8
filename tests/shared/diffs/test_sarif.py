"""The log, against the schema of OASIS."""

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator

from shared.diffs.sarif import Level, SarifFinding, SarifTool, sarif
from shared.models import Side
from tests.support.files.sarif import SCHEMA

TOOL = SarifTool("Amida", "1.0.0", "https://example.org/amida")


def finding(**changes: Any) -> SarifFinding:
    values: dict[str, Any] = {
        "path": "src/päth with space.py",
        "side": Side.RIGHT,
        "start_line": 3,
        "line": 5,
        "level": Level.ERROR,
        "rule": "security",
        "message": "Nobody asks who it is.",
        "fingerprint": "ab" * 16,
    }
    return SarifFinding(**(values | changes))


def checked(log: dict[str, Any]) -> dict[str, Any]:
    """The run of a log that keeps the schema, as a reader gets it."""
    read = json.loads(json.dumps(log))
    validator = Draft7Validator(SCHEMA, format_checker=Draft7Validator.FORMAT_CHECKER)
    assert [error.message for error in validator.iter_errors(read)] == []
    [run] = read["runs"]
    assert isinstance(run, dict)
    return run


def test_the_schema_refuses_what_is_no_log() -> None:
    with pytest.raises(AssertionError):
        checked({"version": "2.1.0", "runs": [{"results": []}]})


def test_results_name_their_rule_place_and_fingerprint() -> None:
    findings = [finding(), finding(rule="bug", level=Level.NOTE, properties={"confidence": 0.9})]
    run = checked(sarif(findings, TOOL))
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["bug", "security"]
    first, second = run["results"]
    assert (first["ruleId"], first["ruleIndex"], first["level"]) == ("security", 1, "error")
    assert (second["ruleId"], second["ruleIndex"], second["level"]) == ("bug", 0, "note")
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "src/p%C3%A4th%20with%20space.py"
    assert place["region"] == {"startLine": 3, "endLine": 5}
    assert first["partialFingerprints"] == {"finding/v1": "ab" * 16}
    assert second["properties"]["confidence"] == 0.9
    assert "fixes" not in first


def test_removed_lines_are_told_in_words() -> None:
    run = checked(sarif([finding(side=Side.LEFT, replacement=["x"])], TOOL))
    [result] = run["results"]
    assert "region" not in result["locations"][0]["physicalLocation"]
    assert "3–5" in result["message"]["text"]
    assert result["properties"] == {"side": "LEFT", "startLine": 3, "endLine": 5}
    assert "fixes" not in result


@pytest.mark.parametrize(
    ("lines", "region", "text"),
    [
        (["a", "b"], {"startLine": 3, "endLine": 5}, "a\nb"),
        ([], {"startLine": 3, "startColumn": 1, "endLine": 6, "endColumn": 1}, ""),
    ],
)
def test_a_suggestion_is_a_fix(lines: list[str], region: dict[str, int], text: str) -> None:
    run = checked(sarif([finding(replacement=lines)], TOOL))
    [change] = run["results"][0]["fixes"][0]["artifactChanges"]
    [replacement] = change["replacements"]
    assert replacement == {"deletedRegion": region, "insertedContent": {"text": text}}


def test_what_was_not_reviewed_and_what_was_is_said() -> None:
    log = sarif(
        [],
        TOOL,
        unreviewed={"yarn.lock": "lock file"},
        repository="https://github.com/o/r",
        revision="a" * 40,
    )
    run = checked(log)
    assert run["results"] == []
    [note] = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "Not reviewed: lock file."
    [source] = run["versionControlProvenance"]
    assert source["repositoryUri"] == "https://github.com/o/r"
    assert source["revisionId"] == "a" * 40
