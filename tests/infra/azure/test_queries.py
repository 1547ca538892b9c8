"""The queries of the workbook and of the alerts: right in their language, and about what the app
reports of itself."""

import json
import re
from typing import Any

import pytest

from infra.checks.bicep import INFRA, ROOT
from infra.checks.kql import Analysis, analyse, queries
from infra.local.installation import InstallError
from shared.telemetry.names import EVERYWHERE, METRICS, Attribute, LogLine, Metric, SpanName
from tests.support.azure import Deployment

QUERIES = queries()
NAMED = re.compile(r'\bName\s*(?:==|in)\s*\(?((?:"[^"]+"(?:,\s*)?)+)')
QUOTED = re.compile(r'"([^"]+)"')
PROPERTY = re.compile(r'Properties\[\s*"([^"]+)"\s*\]')
MESSAGE = re.compile(r'Message == "([^"]+)"')


@pytest.fixture(scope="module")
def analyses() -> dict[str, Analysis]:
    try:
        return analyse(QUERIES | {"wrong": "AppMetrics | where Nmae == 1"})
    except InstallError as error:
        pytest.skip(f"the analyser of KQL cannot be had here: {error}")


def test_microsofts_analyser_understands_each_query(analyses: dict[str, Analysis]) -> None:
    assert {name: a.faults for name, a in analyses.items() if a.faults and name in QUERIES} == {}
    assert "Nmae" in analyses["wrong"].faults[0]


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_asks_for_what_the_app_reports(name: str) -> None:
    query = QUERIES[name]
    named = {one for found in NAMED.findall(query) for one in QUOTED.findall(found)}
    known: set[str] = set(EVERYWHERE)
    if "AppMetrics" in query:
        assert named
        assert named <= set(Metric)
        # What splits one metric of a query must split all of them.
        split_by: list[set[str]] = [{*METRICS[Metric(one)].attributes} for one in named]
        known = set.intersection(*split_by)
    elif "AppTraces" in query:
        assert set(MESSAGE.findall(query)) <= set(LogLine)
        known |= {Attribute.FAILURE}
    else:
        assert named <= set(SpanName)
        known |= {Attribute.STAGE}
    assert set(PROPERTY.findall(query)) <= known


def test_every_metric_is_described_and_shown() -> None:
    assert set(METRICS) == set(Metric)
    text = "".join(QUERIES.values())
    unseen = {metric for metric in Metric if f'"{metric}"' not in text}
    assert unseen == {Metric.TICKETS_OPENED, Metric.STAGE_DURATION}  # For dashboards of one's own.


def test_an_alert_measures_a_column_of_its_query(
    public_deployment: Deployment, analyses: dict[str, Analysis]
) -> None:
    rules = public_deployment.all("Microsoft.Insights/scheduledQueryRules")
    by_text = {query: name for name, query in QUERIES.items()}
    asked = set()
    for rule in rules:
        [criterion] = rule["properties"]["criteria"]["allOf"]
        name = by_text[criterion["query"]]
        assert criterion["metricMeasureColumn"] in analyses[name].columns, name
        asked.add(name)
    assert asked == {name for name in QUERIES if name.startswith("alerts/")}


def test_the_workbook_shows_every_query(public_deployment: Deployment) -> None:
    workbook = public_deployment.one("Microsoft.Insights/workbooks")["properties"]
    items: list[dict[str, Any]] = json.loads(workbook["serializedData"])["items"]
    shown = {item["content"]["query"] for item in items if item["type"] == 3}
    assert shown == {text for name, text in QUERIES.items() if name.startswith("workbook/")}
    assert len({item["name"] for item in items}) == len(items)


def test_each_alert_has_its_runbook(public_deployment: Deployment) -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^### `([\w-]+)`", page, re.MULTILINE))
    told = [
        re.search(r'docs/operations\.md, "([\w-]+)"', rule["properties"]["description"])
        for rule in public_deployment.all("Microsoft.Insights/scheduledQueryRules")
    ]
    assert {found.group(1) for found in told if found} | {"budget"} == headings


def test_every_query_is_read_by_a_module() -> None:
    modules = "".join(path.read_text() for path in (INFRA / "modules").glob("*.bicep"))
    assert {name for name in QUERIES if f"queries/{name}'" not in modules} == set()
