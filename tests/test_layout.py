"""The rules of the house, checked from the source: who imports whom, how long things are, and that
the orchestrator looks at nothing but what the history gives it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for folder in ("functions", "shared", "infra", "tests")
    for path in (ROOT / folder).rglob("*.py")
    if "node_modules" not in path.parts
)
MOST_MODULE_LINES = 300
MOST_FUNCTION_LINES = 50

# A module may import only from rooms that stand on a lower floor, or from its own room.
FLOORS = (
    ("functions",),
    ("shared.app.wiring",),
    ("shared.tickets.listing.listing",),
    ("shared.attachments.inbox",),
    ("shared.attachments.dropped_files",),
    (
        "shared.tickets.opening",
        "shared.workflow.activities",
        "shared.accounts.self_service",
        "shared.tickets.results",
        "shared.app.health",
    ),
    ("shared.attachments.direct_uploads",),
    ("shared.attachments.staged_blob",),
    ("shared.attachments.service", "shared.audit.trail", "shared.audit.retention"),
    ("shared.tickets.service",),
    ("shared.tickets.validation", "shared.tickets.user_changes", "shared.attachments.changes"),
    ("shared.accounts.administration",),
    ("shared.accounts.password_check", "shared.accounts.authentication"),
    ("shared.accounts.bootstrap_admin", "shared.accounts.entra_users"),
    ("shared.tickets.workflow_changes", "shared.tickets.notifications"),
    (
        "shared.tickets.repository",
        "shared.accounts.repository",
        "shared.tickets.attempts",
        "shared.tickets.permissions",
        "shared.workflow.answer_cache",
    ),
    ("shared.attachments.pending",),
    (
        "shared.tickets.intents",
        "shared.tickets.idempotency",
        "shared.tickets.listing.scan_ranges",
        "shared.attachments.store",
        "shared.audit.activity_hours",
    ),
    ("shared.tickets.listing.index",),
    ("shared.accounts.refresh_tokens", "shared.accounts.login_throttle", "shared.audit.horizon"),
    ("shared.accounts.rows",),
    (
        "shared.storage.sharded_counters",
        "shared.tickets.rows",
        "shared.audit.chain",
        "shared.accounts.credentials",
    ),
    ("shared.tickets.result_files", "shared.app.toolbox"),
    ("shared.tasks", "shared.storage.columns", "shared.storage.compressed"),
    ("shared.app.clients",),
    ("shared.clients", "shared.documents", "shared.diffs"),
    ("shared.text.markdown", "shared.text.csv_export"),
    (
        "shared.text.json_schema",
        "shared.text.strict_json",
        "shared.storage.keys",
        "shared.storage.locks",
        "shared.workflow.messages",
    ),
    ("shared.storage.outages",),
    ("shared.models", "shared.settings"),
    ("shared.errors",),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
# Rooms whose modules may import each other; in all others a module stands for itself.
SHARED_ROOMS = {"functions", "shared.tasks", "shared.models", "shared.documents", "shared.diffs"}
# Clients import no client, but may have helpers that speak to no service themselves.
HELPERS = {
    f"shared.clients.{name}"
    for name in (
        *("_faults", "_sas", "_waits", "schemas", "model_answers", "bounded_http", "etag_cache"),
        *("github_answers", "github_files", "github_models", "github_patches", "github_urls"),
    )
}

FORBIDDEN_IN_ORCHESTRATOR = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
    *("time", "random", "secrets", "uuid", "os", "asyncio", "open", "print", "log", "wiring"),
    *("httpx2", "requests", "socket", "threading", "input", "settings"),
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_below(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def room_of(name: str) -> str | None:
    return next((room for room in FLOOR_OF if is_below(name, room)), None)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def product() -> list[Path]:
    return [path for path in SOURCES if path.relative_to(ROOT).parts[0] in ("functions", "shared")]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", product(), ids=named)
def test_every_module_imports_only_what_stands_below_it(path: Path) -> None:
    name = module_name(path)
    if name == "shared":
        return
    room = room_of(name)
    assert room is not None, f"{name} has no place in FLOORS"
    for imported in imports(parsed(path)):
        other = room_of(imported)
        if other is None:
            assert not is_below(imported, "infra"), f"{name} imports {imported}"
            continue
        if other == room:
            helper = any(is_below(imported, helper) for helper in HELPERS)
            assert room in SHARED_ROOMS or helper, f"{name} imports its neighbour {imported}"
        else:
            assert FLOOR_OF[room] < FLOOR_OF[other], f"{name} imports {imported}, which is above"


@pytest.mark.parametrize("path", product(), ids=named)
def test_only_functions_know_the_platform_and_only_wiring_the_settings(path: Path) -> None:
    name, tree = module_name(path), parsed(path)
    for imported in imports(tree):
        if is_below(imported, "azure.functions") or is_below(imported, "azure.durable_functions"):
            assert is_below(name, "functions"), f"{name} imports {imported}"
        if is_below(imported, "shared.settings"):
            given = ("shared.app.wiring", "shared.app.clients", "shared.settings")
            assert name in given, f"{name} reads settings"
        if is_below(imported, "os"):
            assert name == "shared.app.wiring", f"{name} imports os"


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_modules_and_functions_are_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    is_test = path.relative_to(ROOT).parts[0] == "tests"
    assert is_test or lines <= MOST_MODULE_LINES, f"{lines} lines"
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MOST_FUNCTION_LINES, f"{node.name} has {length} lines"


def orchestrator_functions() -> dict[str, ast.FunctionDef]:
    """The orchestrator and every function of its module that it reaches."""
    tree = parsed(ROOT / "functions" / "pipeline.py")
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    reached: dict[str, ast.FunctionDef] = {}
    todo = ["process_ticket"]
    while todo:
        name = todo.pop()
        if name in functions and name not in reached:
            reached[name] = functions[name]
            todo += [n.id for n in ast.walk(functions[name]) if isinstance(n, ast.Name)]
    return reached


def test_the_orchestrator_touches_no_clock_chance_environment_or_io() -> None:
    reached = orchestrator_functions()
    assert {"process_ticket", "_attempt", "_work", "_call"} <= set(reached)
    for name, function in reached.items():
        for node in ast.walk(function):
            assert not isinstance(node, ast.Await | ast.Import | ast.ImportFrom), name
            if isinstance(node, ast.Name | ast.Attribute):
                text = ast.unparse(node)
                assert text not in FORBIDDEN_IN_ORCHESTRATOR, f"{name} uses {text}"
                assert text.split(".")[0] not in FORBIDDEN_IN_ORCHESTRATOR, f"{name} uses {text}"


def test_what_the_orchestrator_imports_is_as_pure() -> None:
    for imported in imports(parsed(ROOT / "shared" / "steps.py")):
        assert imported.split(".")[0] in ("collections", "enum", "typing"), imported
