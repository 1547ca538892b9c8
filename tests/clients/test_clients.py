"""Clients that generators make of the description: their types hold, and they do the whole way from
signing in to the result."""

import shutil
from pathlib import Path

import pytest

from infra.local.npm import NODE
from tests.support.client_generators import (
    generate_with_openapi_generator,
    generate_with_python_client,
    generate_with_typescript,
    make_python,
    run,
)
from tests.support.running_app import PASSWORD, RunningApp

LETTER = "".join(f"Point {n}: vessel {n} waits {n * 3} hours for a tug.\n\n" for n in range(1, 9))


@pytest.fixture(scope="module")
def python() -> Path:
    """The Python of the generators."""
    return make_python()


@pytest.fixture(scope="module")
def description(running_app: RunningApp, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("description") / "openapi.json"
    path.write_bytes(running_app.api.get("/openapi.json").content)
    return path


def drive(running_app: RunningApp, command: list[str | Path], folder: Path) -> None:
    """Fails unless the driver came to the result that the app has."""
    letter = folder / "letter.txt"
    letter.write_text(LETTER)
    username = running_app.api.get("/users/me").json()["username"]
    address = f"{running_app.host.base_url}/api/v1"
    ticket_id, *seen = run([*command, address, username, PASSWORD, letter], folder).split()
    ticket = running_app.read(ticket_id)
    assert ticket["attachments"][0]["file_size"] == len(LETTER)
    result = ticket["result_data"]
    document = result["insights"][0]["evidence"][0]["document"]
    assert seen == [str(result["coverage"]["documents_read"]), document]


def test_openapi_python_client(
    running_app: RunningApp, python: Path, description: Path, tmp_path: Path
) -> None:
    driver = generate_with_python_client(python, description, tmp_path)
    drive(running_app, [python, driver], tmp_path)


@pytest.mark.skipif(not shutil.which("java"), reason="openapi-generator: there is no Java here")
def test_openapi_generator(
    running_app: RunningApp, python: Path, description: Path, tmp_path: Path
) -> None:
    driver = generate_with_openapi_generator(python, description, tmp_path)
    drive(running_app, [python, driver], tmp_path)


def test_openapi_typescript(running_app: RunningApp, description: Path, tmp_path: Path) -> None:
    driver = generate_with_typescript(description, tmp_path)
    drive(running_app, [NODE, driver], tmp_path)
