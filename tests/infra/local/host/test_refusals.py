"""What the host cannot serve is refused at start: exit status 2, and one line that says why."""

import socket
import textwrap
from pathlib import Path

import pytest

from tests.support.hosts.process import REFUSED, StartHost, run_to_end

APPS = Path(__file__).parent / "apps"


def write_app(folder: Path, body: str, **files: str) -> Path:
    """An app whose functions are `body`, with other files beside it, named without `.json`."""
    folder.mkdir()
    head = "import azure.functions as func\nimport azure.durable_functions as df\n"
    source = head + "app = df.DFApp()\n" + textwrap.dedent(body)
    (folder / "function_app.py").write_text(source)
    for name, content in files.items():
        (folder / f"{name.replace('_', '.')}.json").write_text(content)
    return folder


def refusal(tmp_path: Path, body: str, **files: str) -> str:
    """The line a host for that app ends with; only the SDK's warnings may come before it."""
    code, output = run_to_end(write_app(tmp_path / "app", body, **files), tmp_path / "state")
    assert code == REFUSED, output
    *before, line = output.splitlines()
    assert all("WARNING root" in each for each in before)
    return line


ROUTE = '@app.route("r", trigger_arg_name="x")\n'


@pytest.mark.parametrize(
    ("decorators", "binding"),
    [
        ('@app.queue_trigger("x", queue_name="q", connection="C")', "queueTrigger"),
        ('@app.cosmos_db_trigger("x", "C", "d", "c")', "cosmosDBTrigger"),
        ('@app.service_bus_queue_trigger("x", connection="C", queue_name="q")', "serviceBus"),
        ('@app.entity_trigger(context_name="x")', "entityTrigger"),
        (ROUTE + '@app.blob_input("b", path="a/b", connection="C")', "blob"),
        (ROUTE + '@app.queue_output("b", queue_name="q", connection="C")', "queue"),
    ],
)
def test_a_binding_it_does_not_know(tmp_path: Path, decorators: str, binding: str) -> None:
    line = refusal(tmp_path, decorators + "\ndef odd_one(x, b=None):\n    pass\n")
    assert "'odd_one'" in line
    assert binding in line


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("every minute", "'every minute'"),
        ("* * * *", "'* * * *'"),
        ("99 * * * * *", "'99 * * * * *'"),
        ("* * * * * * *", "'* * * * * * *'"),
        ("@daily", "'@daily'"),
        ("00:00:00", "'00:00:00'"),
        ("%NO_SUCH_SETTING%", "NO_SUCH_SETTING"),
    ],
)
def test_a_schedule_that_is_none(tmp_path: Path, schedule: str, words: str) -> None:
    body = f'@app.timer_trigger("x", "{schedule}")\ndef odd_one(x):\n    pass\n'
    line = refusal(tmp_path, body)
    assert "'odd_one'" in line
    assert words in line


@pytest.mark.parametrize(
    "route",
    ["a/{b", "a/{b:wild}", "a/{b:length(x)}", "%NO_SUCH_SETTING%/a", "Admin/a", "runtime"],
)
def test_a_route_that_is_none(tmp_path: Path, route: str) -> None:
    line = refusal(tmp_path, f'@app.route("{route}")\ndef odd_one(req):\n    pass\n')
    assert "'odd_one'" in line


def test_a_blob_function_without_its_connection(tmp_path: Path) -> None:
    body = '@app.blob_trigger("x", path="a/{n}", connection="NO_SUCH")\ndef odd_one(x):\n    pass\n'
    line = refusal(tmp_path, body)
    assert "'odd_one'" in line
    assert "NO_SUCH" in line


def test_two_functions_of_one_name(tmp_path: Path) -> None:
    body = """
        @app.function_name("Twin")
        @app.route("a")
        def one(req): pass
        @app.function_name("twin")
        @app.route("b")
        def two(req): pass
    """
    assert "twin" in refusal(tmp_path, body).lower()


def test_an_app_that_cannot_be_imported(tmp_path: Path) -> None:
    line = refusal(tmp_path, "1 / 0\n")
    assert "ZeroDivisionError" in line
    assert "function_app.py, line 4" in line


def test_an_app_that_leaves_at_import(tmp_path: Path) -> None:
    assert "SystemExit" in refusal(tmp_path, "raise SystemExit(0)\n")


def test_a_function_without_trigger(tmp_path: Path) -> None:
    body = '@app.function_name("odd_one")\ndef odd_one(x): pass\n'
    assert "odd_one" in refusal(tmp_path, body)


def test_two_apps_in_one_file(tmp_path: Path) -> None:
    assert "one function app" in refusal(tmp_path, "other = func.FunctionApp()\n")


def test_no_app(tmp_path: Path) -> None:
    code, output = run_to_end(tmp_path, tmp_path / "state")
    assert code == REFUSED
    assert output.count("\n") == 1
    assert "function_app.py" in output


@pytest.mark.parametrize("file", ["host", "local_settings"])
def test_a_file_that_is_no_json(tmp_path: Path, file: str) -> None:
    line = refusal(tmp_path, "", **{file: "{broken"})
    assert f"{file.replace('_', '.')}.json" in line


def test_encrypted_settings(tmp_path: Path) -> None:
    assert "encrypted" in refusal(tmp_path, "", local_settings='{"IsEncrypted": true}')


def test_a_taken_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        code, output = run_to_end(APPS / "bare", tmp_path, port=port)
    assert code == REFUSED
    assert output.count("\n") == 1
    assert str(port) in output


def test_a_state_folder_in_use(start_host: StartHost) -> None:
    host = start_host(APPS / "bare")
    code, output = run_to_end(APPS / "bare", host.state)
    assert code == REFUSED
    assert output.count("\n") == 1
    assert str(host.state) in output
    host.restart()
    assert host.client.get("/").text == "root"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (ROUTE + "def odd_one(x, more): pass", "not by a decorator: ['more']"),
        (ROUTE + "def odd_one(): pass", "not in Python: ['x']"),
        (ROUTE + "def odd_one(x: dict): pass", '"httpTrigger" does not match'),
        (ROUTE + "def odd_one(x: func.HttpRequest | None): pass", "invalid non-type annotation"),
        (ROUTE + "def odd_one(x: func.Out[str]): pass", "azure.functions.Out"),
        (ROUTE + "def odd_one(x: 'Nowhere'): pass", "'Nowhere' is not defined"),
        (ROUTE + "def odd_one(x, context: str): pass", "azure.functions.Context"),
        (ROUTE + "def odd_one(x) -> bytes: pass", '"bytes" does not match binding type "http"'),
        (ROUTE + "def odd_one(x) -> str | None: pass", "invalid non-type return annotation"),
        (
            '@app.activity_trigger("x")\ndef odd_one(x: list[dict[str, int]]): pass',
            "invalid non-type annotation list[dict[str, int]]",
        ),
        (
            '@app.timer_trigger("x", "* * * * * *")\ndef odd_one(x: func.HttpRequest): pass',
            '"timerTrigger" does not match',
        ),
        (
            '@app.blob_trigger("x", "box/in", "")\ndef odd_one(x: dict): pass',
            '"blobTrigger" does not match',
        ),
    ],
)
def test_a_signature_that_the_worker_does_not_take(tmp_path: Path, body: str, words: str) -> None:
    line = refusal(tmp_path, body)
    assert "'odd_one' cannot be loaded" in line
    assert words in line


def test_a_container_whose_name_is_none(tmp_path: Path) -> None:
    body = '@app.blob_trigger("x", "ab/{n}", "")\ndef odd_one(x): pass'
    values = '{"Values": {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}}'
    line = refusal(tmp_path, body, local_settings=values)
    assert "'odd_one': 'ab' is no container name" in line


@pytest.mark.parametrize("timeout", ["00:00:00", "soon", "10"])
def test_a_function_timeout_that_is_none(tmp_path: Path, timeout: str) -> None:
    line = refusal(tmp_path, "", host=f'{{"functionTimeout": "{timeout}"}}')
    assert f"functionTimeout '{timeout}'" in line


@pytest.mark.parametrize("count", ["0", "many", "-1"])
def test_a_thread_count_that_is_none(tmp_path: Path, count: str) -> None:
    values = f'{{"Values": {{"PYTHON_THREADPOOL_THREAD_COUNT": "{count}"}}}}'
    line = refusal(tmp_path, "", local_settings=values)
    assert f"PYTHON_THREADPOOL_THREAD_COUNT is '{count}'" in line
