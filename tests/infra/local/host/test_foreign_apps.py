"""Apps of anybody's: their modules are theirs, whatever this repository names its own."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.hosts.process import REFUSED, StartHost, run_to_end

APP = """
import azure.functions as func
import shared.words
from functions import more

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

@app.route(route="words")
def words(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(f"{shared.words.WORD} {more.WORD}")
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An app with packages of names that this repository has, without `__init__.py`."""
    for module, word in (("shared/words", "shared"), ("functions/more", "functions")):
        path = tmp_path / "app" / f"{module}.py"
        path.parent.mkdir(parents=True)
        path.write_text(f"WORD = '{word} of the app'\n")
    (tmp_path / "app" / "function_app.py").write_text(APP)
    return tmp_path / "app"


def test_its_packages_are_found_before_ours(start_host: StartHost, app: Path) -> None:
    answer = start_host(app).client.get("/api/words")
    assert answer.text == "shared of the app functions of the app"


def test_ours_are_not_found_where_it_has_none(app: Path, tmp_path: Path) -> None:
    (app / "shared" / "words.py").unlink()
    (app / "shared").rmdir()
    code, output = run_to_end(app, tmp_path / "state")
    assert code == REFUSED
    assert "No module named 'shared'" in output


def test_a_folder_named_as_the_hosts_package(start_host: StartHost, app: Path) -> None:
    """Where an app describes its resources, as the Azure Developer CLI has it."""
    (app / "infra").mkdir()
    (app / "infra" / "main.bicep").touch()
    assert start_host(app).client.get("/api/words").status_code == 200


def test_modules_named_as_the_hosts_package_are_refused(app: Path, tmp_path: Path) -> None:
    (app / "infra").mkdir()
    (app / "infra" / "settings.py").touch()
    code, output = run_to_end(app, tmp_path / "state")
    assert code == REFUSED
    assert "has Python modules named 'infra'" in output


@pytest.mark.parametrize(
    "text",
    [
        '{"extensions": {"http": {"routePrefix": "v9",},},}',
        '{\n// routes\n"extensions": /* two */ {"http": {"routePrefix": "v9"}}\n}',
        '\ufeff{"extensions": {"http": {"routePrefix": "v9"}}}',
    ],
)
def test_host_json_as_people_write_it(start_host: StartHost, app: Path, text: str) -> None:
    (app / "host.json").write_text(text)
    assert start_host(app).client.get("/v9/words").status_code == 200


def test_fifty_plain_functions_run_at_once(start_host: StartHost, tmp_path: Path) -> None:
    """Each waits for the others: with fewer threads none would end."""
    app = tmp_path / "crowd"
    app.mkdir()
    (app / "function_app.py").write_text(
        "import threading\n"
        "import azure.functions as func\n"
        "app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)\n"
        "everybody = threading.Barrier(50)\n"
        "@app.route(route='meet')\n"
        "def meet(req: func.HttpRequest) -> func.HttpResponse:\n"
        "    everybody.wait(20)\n"
        "    return func.HttpResponse('met')\n"
    )
    host = start_host(app)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: host.client.get("/api/meet").text, range(50)))
    assert answers == ["met"] * 50
