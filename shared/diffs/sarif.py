"""Findings as a SARIF 2.1.0 log (OASIS, errata 01), the exchange format of code scanning."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from shared.models import Side

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT = "%SRCROOT%"


class Level(StrEnum):
    """How grave a result is, in the words of SARIF."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class SarifTool:
    """Who found it."""

    name: str
    version: str
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class SarifFinding:
    """What was found on the lines from `start_line` to `line` of one side. `rule` is its category;
    `replacement` holds the lines that would mend it, at the head, None when there are none;
    `properties` are any JSON."""

    path: str
    side: Side
    start_line: int
    line: int
    level: Level
    rule: str
    message: str
    fingerprint: str
    replacement: Sequence[str] | None = None
    properties: Mapping[str, Any] | None = None


def sarif(
    findings: Iterable[SarifFinding],
    tool: SarifTool,
    unreviewed: Mapping[str, str] | None = None,
    repository: str | None = None,
    revision: str | None = None,
) -> dict[str, Any]:
    """A log of one run. `unreviewed` tells of paths why they were not reviewed; `repository` is the
    address of what was reviewed, `revision` its commit.

    A log knows only the head: findings on removed lines are of the whole file, and say so.
    """
    findings = list(findings)
    rules = sorted({finding.rule for finding in findings})
    driver = {
        "name": tool.name,
        "version": tool.version,
        "rules": [{"id": rule, "shortDescription": {"text": rule}} for rule in rules],
    }
    if tool.uri:
        driver["informationUri"] = tool.uri
    notes = [_note_unreviewed(path, reason) for path, reason in (unreviewed or {}).items()]
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notes}],
        "results": [_result(finding, rules.index(finding.rule)) for finding in findings],
    }
    if repository:
        source = {"repositoryUri": repository} | ({"revisionId": revision} if revision else {})
        run["versionControlProvenance"] = [source | {"mappedTo": {"uriBaseId": _ROOT}}]
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(finding: SarifFinding, rule: int) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": _artifact(finding.path)}
    message = finding.message
    if finding.side is Side.RIGHT:
        place["region"] = {"startLine": finding.start_line, "endLine": finding.line}
    else:
        message += f"\n\n(On removed lines {finding.start_line}–{finding.line} of the base.)"
    lines = {"side": finding.side, "startLine": finding.start_line, "endLine": finding.line}
    result = {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": finding.level,
        "message": {"text": message},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"finding/v1": finding.fingerprint},
        "properties": {**(finding.properties or {}), **lines},
    }
    if finding.replacement is not None and finding.side is Side.RIGHT:
        result["fixes"] = [_fix(finding, finding.replacement)]
    return result


def _fix(finding: SarifFinding, lines: Sequence[str]) -> dict[str, Any]:
    """Without lines, the end of the last line goes too."""
    region = {"startLine": finding.start_line, "endLine": finding.line}
    if not lines:
        region |= {"startColumn": 1, "endLine": finding.line + 1, "endColumn": 1}
    replacement = {"deletedRegion": region, "insertedContent": {"text": "\n".join(lines)}}
    change = {"artifactLocation": _artifact(finding.path), "replacements": [replacement]}
    return {"description": {"text": "Proposed change"}, "artifactChanges": [change]}


def _note_unreviewed(path: str, reason: str) -> dict[str, Any]:
    return {
        "level": Level.NOTE,
        "message": {"text": f"Not reviewed: {reason}."},
        "locations": [{"physicalLocation": {"artifactLocation": _artifact(path)}}],
    }


def _artifact(path: str) -> dict[str, str]:
    return {"uri": quote(path, errors="surrogatepass"), "uriBaseId": _ROOT}
