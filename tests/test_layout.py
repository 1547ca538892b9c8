"""The rules of the house, checked from the source: who imports whom, how large things are, what
rooms say of themselves, and that the orchestrator looks at nothing but its history."""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for folder in ("functions", "shared", "infra", "tests")
    for path in (ROOT / folder).rglob("*.py")
    if "node_modules" not in path.parts
)
PRODUCT = [path for path in SOURCES if path.relative_to(ROOT).parts[0] in ("functions", "shared")]
MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 50
MAX_FILES = 20

# A room imports only rooms further down, and its own modules without a circle.
ROOMS = (
    ("functions",),
    ("shared.app",),
    ("shared.workflow",),
    ("shared.attachments",),
    ("shared.tickets",),
    ("shared.quotas",),
    ("shared.accounts",),
    ("shared.audit",),
    ("shared.tasks", "shared.storage"),
    ("shared.clients",),
    ("shared.papers",),
    ("shared.statements",),
    ("shared.documents", "shared.diffs", "shared.sql", "shared.charts"),
    ("shared.text",),
    ("shared.sandbox",),
    ("shared.telemetry",),
    ("shared.models",),
    ("shared.settings",),
    ("shared.errors",),
)
DEPTH = {room: depth for depth, rooms in enumerate(ROOMS) for room in rooms}
READS_SETTINGS = {
    "functions.composition",
    "shared.app",
    "shared.app.base_parts",
    "shared.app.clients",
    "shared.app.dependencies",
    "shared.app.lone_step",
    "shared.app.ticket_parts",
    "shared.settings",
}
PROCESSES_BEGIN = ("functions.composition", "shared.app.lone_step")
TAKE_SECTIONS = ("workflow", "attachments", "tickets", "accounts", "audit", "clients", "telemetry")

FORBIDDEN_IN_ORCHESTRATOR = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
    *("time", "random", "secrets", "uuid", "os", "asyncio", "open", "print", "log", "product"),
    *("httpx2", "requests", "socket", "threading", "input", "settings"),
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path) for path in PRODUCT}


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.AST) -> Iterator[str]:
    """What is imported anywhere in the tree, also for types only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_below(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def room_of(name: str) -> str | None:
    return next((room for room in DEPTH if is_below(name, room)), None)


def module_of(imported: str) -> str:
    """The module that an imported name lies in."""
    return imported if imported in MODULES else imported.rpartition(".")[0]


def test_a_room_imports_only_what_stands_below_it() -> None:
    faults = []
    for path in PRODUCT:
        name = module_name(path)
        room = room_of(name)
        assert room or name == "shared", f"{name} lies in no room"
        for imported in imports(parsed(path)):
            other = room_of(imported)
            if other is None:
                if is_below(imported, "infra") or is_below(imported, "tests"):
                    faults.append(f"{name} imports {imported}")
            elif room and other != room and DEPTH[room] >= DEPTH[other]:
                faults.append(f"{name} imports {imported}")
    assert faults == []


def test_no_module_imports_itself_by_a_circle() -> None:
    graph = {
        module_name(path): {module_of(one) for one in imports(parsed(path))} & MODULES
        for path in PRODUCT
        if path.name != "__init__.py"
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' → '.join(error.args[1])}")


def test_clients_speak_to_one_service_each() -> None:
    """A client may use what the others are made of, but no client of another service."""
    faults = []
    clients = {"tables", "blobs", "upload_containers", "poison_queue", "realtime", "entra"}
    services = {f"shared.clients.{name}" for name in clients}
    services |= {"shared.clients.llm.client", "shared.clients.github.client"}
    for path in PRODUCT:
        if module_name(path) in services:
            known = {module_of(imported) for imported in imports(parsed(path))}
            faults += [f"{module_name(path)} imports {other}" for other in known & services]
    assert faults == []


def test_only_functions_know_the_platform_and_only_the_app_the_settings() -> None:
    faults = []
    for path in PRODUCT:
        name = module_name(path)
        for imported in imports(parsed(path)):
            platform = imported.startswith(("azure.functions", "azure.durable_functions"))
            if platform and not is_below(name, "functions"):
                faults.append(f"{name} imports {imported}")
            if is_below(imported, "shared.settings") and not is_below(name, "shared.settings"):
                takes_section = module_of(imported) != "shared.settings" and any(
                    is_below(name, f"shared.{room}") for room in TAKE_SECTIONS
                )
                if not takes_section and name not in READS_SETTINGS:
                    faults.append(f"{name} reads settings")
            if is_below(imported, "os") and name not in PROCESSES_BEGIN:
                faults.append(f"{name} imports os")
    assert faults == []


def test_modules_and_functions_are_short() -> None:
    faults = []
    for path in SOURCES:
        lines = path.read_text(encoding="utf-8").count("\n")
        is_test = path.relative_to(ROOT).parts[0] == "tests"
        if not is_test and lines > MAX_MODULE_LINES:
            faults.append(f"{module_name(path)} has {lines} lines")
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > MAX_FUNCTION_LINES:
                    faults.append(f"{module_name(path)}.{node.name} has {length} lines")
    assert faults == []


def test_rooms_are_small_and_say_what_they_are() -> None:
    faults = []
    for folder in sorted({path.parent for path in PRODUCT}):
        files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        if len(files) > MAX_FILES:
            faults.append(f"{folder} has {len(files)} files")
        said = ast.get_docstring(parsed(folder / "__init__.py")) or ""
        if said.count("\n") < 2 or not any(doors_of(folder, said)):
            faults.append(f"{folder} does not say what it is and which door it has")
        faults += [
            f"{folder}: no {module}.{name}"
            for module, name in re.findall(r"`(\w+)\.(\w+)`", said)
            if name not in defined_in(folder, module)
        ]
    assert faults == []
    assert len(list((ROOT / "shared").glob("*.py"))) <= 4


def doors_of(folder: Path, said: str) -> Iterator[str]:
    """What a package names as its own: a module, or what it or one of its modules defines."""
    for module, name in re.findall(r"`(\w+)(?:\.(\w+))?`", said):
        if name in defined_in(folder, module) if name else is_in(folder, module):
            yield module


def is_in(folder: Path, name: str) -> bool:
    return (
        (folder / f"{name}.py").exists()
        or (folder / name / "__init__.py").exists()
        or name in defined_in(folder, "__init__")
    )


def defined_in(folder: Path, module: str) -> set[str]:
    """The names at the top of a module or of a package below, unless there is none."""
    paths = [folder / f"{module}.py", folder / module / "__init__.py"]
    return {
        name
        for path in paths
        if path.exists()
        for node in parsed(path).body
        for name in names_of(node)
    }


def names_of(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def test_helpers_of_tests_lie_in_support() -> None:
    """A test module and a conftest are for pytest alone: what several import is no test."""
    faults = [
        f"{module_name(path)} imports {imported}"
        for path in SOURCES
        for imported in imports(parsed(path))
        if imported.startswith("tests.") and re.search(r"\.(test_\w+|conftest)\b", imported)
    ]
    assert faults == []


def test_folders_of_tests_hold_tests_alone() -> None:
    """Beside those that are programs of their own, which are run from outside a test."""
    programs = {"support", "benchmarks", "fuzz", "house", "contract", "worker", "app", "apps"}
    strangers = [
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        if path.is_relative_to(ROOT / "tests")
        and not programs & set(path.relative_to(ROOT).parts)
        and not re.fullmatch(r"test_\w+\.py|conftest\.py|__init__\.py", path.name)
    ]
    assert strangers == []


def orchestrator_functions() -> dict[str, ast.FunctionDef]:
    """The orchestrator and every function that it reaches in its modules."""
    functions = {
        node.name: node
        for module in ("orchestrator",)
        for node in parsed(ROOT / "functions" / f"{module}.py").body
        if isinstance(node, ast.FunctionDef)
    }
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
    assert {"process_ticket", "_attempt", "_work", "_call", "until_quiet"} <= set(reached)
    faults = []
    for name, function in reached.items():
        for node in ast.walk(function):
            if isinstance(node, ast.Await | ast.Import | ast.ImportFrom):
                faults.append(f"{name} awaits or imports")
            if isinstance(node, ast.Name | ast.Attribute):
                text = ast.unparse(node)
                if {text, text.split(".")[0]} & FORBIDDEN_IN_ORCHESTRATOR:
                    faults.append(f"{name} uses {text}")
    assert faults == []


def test_what_the_orchestrator_imports_is_as_pure() -> None:
    roots = {one.split(".")[0] for one in imports(parsed(ROOT / "shared/workflow/messages.py"))}
    assert roots - {"collections", "enum", "typing"} == set()
