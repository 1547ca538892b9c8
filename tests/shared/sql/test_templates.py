"""The program's own statements: whatever a name is, it stays a name, and a text a text."""

from collections.abc import Callable

import pytest
import sqlglot
from sqlglot import exp

from shared.sql import templates
from shared.sql.policy import TableName

NASTY = [
    'a"; DROP TABLE "ORDERS',
    "it's",
    "back\\slash",
    "\\'; DROP TABLE ORDERS; --",
    "/* no comment */",
    "line\nbreak",
    "IDENTIFIER('X')",
    "$$x$$",
    "{{ x }}",
    "数据",
    "%s ? :x @y",
]

Statement = Callable[[str], str]
NAMED: dict[str, Statement] = {
    "tables": lambda name: templates.list_tables(name, ["PUBLIC"], 10),
    "columns": lambda name: templates.list_columns(name, ["PUBLIC"], 10),
    "samples": lambda name: templates.sample_values(TableName(name, name, name), [name, "B"], 5),
    "latest": lambda name: templates.latest_value(TableName("D", "S", name), name),
    "history": lambda name: templates.find_in_history(name, "tag"),
    "keys": lambda name: templates.list_primary_keys(name, name),
    "foreign keys": lambda name: templates.list_foreign_keys(name, name),
}


def parsed(sql: str) -> exp.Expr:
    [statement] = sqlglot.parse(sql, dialect="snowflake")
    assert statement is not None
    return statement


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("template", list(NAMED.values()), ids=list(NAMED))
def test_a_name_stays_a_name(template: Statement, name: str) -> None:
    plain, nasty = parsed(template("PLAIN")), parsed(template(name))

    names = [node for node in nasty.find_all(exp.Identifier) if node.this == name]
    texts = [node for node in nasty.find_all(exp.Literal) if node.this == name]
    assert names
    assert all(node.args["quoted"] for node in names)
    for node in [*names, *texts]:
        node.set("this", "PLAIN")
    assert nasty == plain


@pytest.mark.parametrize("text", NASTY)
def test_a_text_stays_a_text(text: str) -> None:
    statement = parsed(templates.list_tables("SALES", [text], 10))

    assert text in [literal.this for literal in statement.find_all(exp.Literal)]
    assert len(list(statement.find_all(exp.Table))) == 1


@pytest.mark.parametrize("name", ["", "x" * 256, "a\0b"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="255 characters"):
        templates.quote_name(name)


@pytest.mark.parametrize("tag", ["", "a b", "*/ DROP TABLE X /*", "x" * 101, "ü"])
def test_a_tag_cannot_end_its_comment(tag: str) -> None:
    with pytest.raises(ValueError, match="tag"):
        templates.tag_query("SELECT 1", tag)


def test_a_query_is_found_by_its_tag() -> None:
    assert templates.tag_query("SELECT 1", "t-1-run") == "SELECT 1 /* amida t-1-run */"
    assert "'/* amida t-1-run */'" in templates.find_in_history("SALES", "t-1-run")


@pytest.mark.parametrize("query_id", ["", "x'y", "01b2; SELECT 1"])
def test_what_is_no_query_id_is_refused(query_id: str) -> None:
    with pytest.raises(ValueError, match="query id"):
        templates.result_of(query_id)
