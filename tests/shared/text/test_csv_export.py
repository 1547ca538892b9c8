"""Tables for spreadsheets: whatever is in a cell is shown, and nothing of it is run."""

import csv
import io

import pytest

from shared.text.csv_export import to_csv


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1+1", "-", "+49 30 1234"],
)
def test_what_would_begin_a_formula_is_text(cell: str) -> None:
    [[header], [written]] = csv.reader(io.StringIO(to_csv(["a"], [[cell]]), newline=""))
    assert (header, written) == ("a", f"'{cell}")


@pytest.mark.parametrize(
    "cell", ["", "-5", "-5.25", "1,200", "a=b", 'say "no"', "two\nlines", "a;b", "–", "é"]
)
def test_everything_else_stays_as_it_is(cell: str) -> None:
    rows = csv.reader(io.StringIO(to_csv(["a", "b"], [[cell, "x"]]), newline=""))
    assert list(rows)[1] == [cell, "x"]
