"""What is deployed: the product and nothing else, small, and it runs on each Python of Azure's."""

import json
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from infra.local.installation import make_environment
from infra.package import build
from tests.support.hosts.process import ROOT
from tests.support.pythons import find_python

MAX_BYTES = 2_000_000
SINGLE_FILES = {"function_app.py", "host.json", "requirements.txt", "LICENSE"}
FOLDERS = ("functions", "shared")
SETTINGS = {
    "SECRET_KEY": "k" * 64,
    "STORAGE_CONNECTION__accountName": "stamida",
    "AZURE_OPENAI_ENDPOINT": "https://ais-amida.openai.azure.com",
    "SWEEP_SCHEDULE": "0 * * * * *",
}
LIST_FUNCTIONS = """\
import json, sys
import function_app
assert "infra" not in sys.modules
print(json.dumps([one.get_function_name() for one in function_app.app.get_functions()]))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("package") / "package.zip"
    build(target)
    return target


def tracked() -> set[str]:
    """The product's files as git has them, and those that are about to be added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *FOLDERS]
    listed = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    return {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}


def test_the_product_is_deployed_and_nothing_else(package: Path) -> None:
    with ZipFile(package) as archive:
        assert set(archive.namelist()) == tracked() | SINGLE_FILES


def test_it_is_small_and_the_same_each_time(package: Path, tmp_path: Path) -> None:
    assert package.stat().st_size < MAX_BYTES
    build(tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == package.read_bytes()


def test_the_container_takes_along_what_a_deployment_does() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = {
        name.rstrip("/")
        for line in lines
        if line.startswith("COPY ")
        for name in line.split()[1:-1]
    }
    assert copied == SINGLE_FILES - {"LICENSE"} | set(FOLDERS)
    admitted = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if "!" in line
    }
    assert admitted == copied


@pytest.mark.parametrize(
    "version", [*(pytest.param(one, marks=pytest.mark.long) for one in ("3.11", "3.12")), "3.13"]
)
def test_it_loads_on_a_python_that_has_only_its_requirements(
    package: Path, tmp_path: Path, version: str
) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"no Python {version} here (PYTHON{version.replace('.', '')} may name one)")
    folder = ROOT / ".build" / f"package-{version}"
    own = make_environment(folder, ROOT / "requirements.txt", python.path, python.version)
    with ZipFile(package) as archive:
        archive.extractall(tmp_path)
    command = [str(own), "-X", "utf8", "-c", LIST_FUNCTIONS]
    done = subprocess.run(
        command, check=False, cwd=tmp_path, env=SETTINGS, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert {"process_ticket", "take_upload", "sweep"} <= set(json.loads(done.stdout))
