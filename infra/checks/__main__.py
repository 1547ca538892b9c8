"""`python -m infra.checks`: everything about the deployment that can be checked without Azure, and
what bandit and semgrep have against the code.

What cannot be had here is left out, with a line that says why. Status 1 when something is wrong.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.checks.bicep import INFRA, NONE, ROOT, BicepError, find_bicep, main_snapshot, run_bicep
from infra.checks.kql import analyse, queries
from infra.checks.tools import code_tools, python_tools
from infra.local.installation import InstallError

_HERE = Path(__file__).parent
_FILES = ("main.bicep", "subscription.bicep")
_SOURCES = tuple(str(ROOT / name) for name in ("function_app.py", "functions", "shared", "infra"))
_NOT_OURS = "*/node_modules/*"
_TIMEOUT_SECONDS = 300.0
_ENVIRONMENTS = {
    "public": {"ADMIN_EMAIL": "admin@example.com", "GITHUB_TOKEN": "none"},
    "private": {"PRIVATE_NETWORK": "true", "DURABLE_BACKEND": "DurableTaskScheduler"},
}


class NotHereError(Exception):
    """A check that cannot be made here; the message says why."""


def check_bicep() -> Iterator[str]:
    """Compiles and lints without an error or a warning."""
    if find_bicep() is None:
        raise NotHereError(NONE)
    for name in _FILES:
        for arguments in (("build", "--stdout"), ("lint",)):
            try:
                run_bicep(arguments[0], str(INFRA / name), *arguments[1:])
            except BicepError as error:
                yield str(error)


def check_resources() -> Iterator[str]:
    """checkov, over the evaluated resources: what it knows of Bicep's language is too old."""
    if find_bicep() is None:
        raise NotHereError(NONE)
    with TemporaryDirectory() as folder:
        templates = Path(folder) / "templates"
        templates.mkdir()
        for name, env in _ENVIRONMENTS.items():
            (Path(folder) / name).mkdir()
            resources = main_snapshot(Path(folder) / name, env)["predictedResources"]
            (templates / f"{name}.json").write_text(json.dumps(_template(resources), indent=1))
        config = str(_HERE / "checkov.yaml")
        program = str(python_tools() / "checkov")
        yield from _run(program, "--config-file", config, "--directory", str(templates))


def _template(resources: list[object]) -> dict[str, object]:
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    return {"$schema": schema, "contentVersion": "1.0.0.0", "resources": resources}


def check_queries() -> Iterator[str]:
    """Microsoft's analyser of KQL."""
    for name, analysis in analyse(queries()).items():
        yield from (f"infra/queries/{name}: {fault}" for fault in analysis.faults)


def check_workflows() -> Iterator[str]:
    """actionlint, over GitHub's workflows."""
    files = [str(path) for path in sorted((ROOT / ".github/workflows").glob("*.yml"))]
    yield from _run(str(python_tools() / "actionlint"), *files)


def check_dockerfile() -> Iterator[str]:
    """hadolint."""
    yield from _run(str(python_tools() / "hadolint"), str(ROOT / "Dockerfile"))


def check_code() -> Iterator[str]:
    """bandit."""
    arguments = ("--quiet", "--configfile", str(_HERE / "bandit.yaml"), "--exclude", _NOT_OURS)
    yield from _run(str(code_tools() / "bandit"), *arguments, "--recursive", *_SOURCES)


def check_rules() -> Iterator[str]:
    """semgrep, with the rules of this repository alone; it fetches nothing and reports nothing."""
    alone = ("--metrics=off", "--disable-version-check", "--oss-only", "--no-git-ignore")
    rules = ("--error", "--quiet", "--exclude", "node_modules")
    config = ("--config", str(_HERE / "semgrep.yaml"))
    yield from _run(str(code_tools() / "semgrep"), "scan", *alone, *rules, *config, *_SOURCES)


def _run(*command: str) -> Iterator[str]:
    done = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
    )
    if done.returncode:
        yield (done.stdout + done.stderr).strip()


CHECKS: dict[str, Callable[[], Iterator[str]]] = {
    "bicep": check_bicep,
    "checkov": check_resources,
    "kql": check_queries,
    "actionlint": check_workflows,
    "hadolint": check_dockerfile,
    "bandit": check_code,
    "semgrep": check_rules,
}


def _outcome(name: str) -> tuple[str, list[str]]:
    try:
        faults = list(CHECKS[name]())
    except (NotHereError, InstallError) as error:
        return f"{name}: left out, {error}", []
    except BicepError as error:
        faults = [str(error)]
    return f"{name}: {f'{len(faults)} faults' if faults else 'good'}", faults


def main() -> int:
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(_outcome, CHECKS))
    for line, faults in outcomes:
        print(line, *faults, sep="\n  ")
    return 1 if any(faults for _, faults in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
