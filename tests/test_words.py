"""The words of the house: one word for one thing, and no relapse into those that were given up."""

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
PRODUCT = [path for folder in ("functions", "shared") for path in (ROOT / folder).rglob("*.py")]
GIVEN_UP = re.compile(
    r"_?MOST(_[A-Z_]+)?|Overtaken|Misfit|WrongType|NotSignedIn|TryLater|CannotBeDone|Patience|Asks"
    r"|Papers|Landing|Arrivals|Changing|Processing|Intake|toolbox_|wiring"
)
PARTICIPLE = re.compile(r"[a-z]+(ed|ing)(_\w+)?|(held|told|shown|written|drawn|found|given|taken)")
NO_PARTICIPLE = {"embed", "feed", "need", "listing_state_of", "closing_key"}
"""Verbs that look like one, and nouns that a thing is asked for by."""
NO_NAME_FOR_A_MODULE = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}


def names(tree: ast.AST) -> set[str]:
    """Every identifier that is defined or used."""
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return found | {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


def test_words_that_were_given_up_do_not_come_back() -> None:
    faults = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in PRODUCT
        for name in names(ast.parse(path.read_text(encoding="utf-8")))
        if GIVEN_UP.fullmatch(name)
    ]
    assert faults == []


def _is_property(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("property" in ast.unparse(one) for one in function.decorator_list)


def test_functions_are_named_by_verbs_not_by_participles() -> None:
    """A function does something: `render_result`, where a value may be `rendered`."""
    faults = []
    for path in PRODUCT:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
        for node in [*tree.body, *(method for one in classes for method in one.body)]:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_property(node):
                name = node.name.strip("_")
                if PARTICIPLE.fullmatch(name) and name not in NO_PARTICIPLE:
                    faults.append(f"{path.relative_to(ROOT)}:{node.lineno} {name}")
    assert faults == []


def test_no_two_classes_of_one_name() -> None:
    """Task types have words of their own: each has its TaskData, its Result, its Stage …"""
    places: dict[str, list[str]] = defaultdict(list)
    for path in PRODUCT:
        if path.is_relative_to(ROOT / "shared/tasks"):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(path.relative_to(ROOT)))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def _is_flag(argument: ast.arg) -> bool:
    return argument.annotation is not None and ast.unparse(argument.annotation) == "bool"


def test_constructors_of_many_values_take_them_by_name() -> None:
    """More than three values, or any flag, cannot be told apart by their places."""
    faults = []
    for path in PRODUCT:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                placed = node.args.args[1:]
                if len(placed) > 3 or any(_is_flag(argument) for argument in placed):
                    faults.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert faults == []


def test_modules_are_named_for_what_they_are_about() -> None:
    assert {path.stem for path in PRODUCT} & NO_NAME_FOR_A_MODULE == set()
