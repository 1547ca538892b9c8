"""What people get wrong at the start is said in one sentence, never by a traceback."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.command_line import main
from tests.support.hosts.process import ROOT

SETTINGS = "local.settings.json"


def start(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """The command line in this process; what it changes of the environment ends with the test."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "localhost")
    monkeypatch.setattr(sys, "argv", ["infra.local", *arguments])
    main()


def say(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that was printed."""
    printed, told = capsys.readouterr()
    (line,) = told.splitlines()
    assert printed == ""
    assert line.startswith("python -m infra.local")
    return line.partition(": ")[2]


@pytest.mark.parametrize(
    ("port", "said"),
    [
        ("abc", "a number of at most 65535, not 'abc'"),
        ("-1", "a number of at most 65535, not '-1'"),
        ("1e3", "a number of at most 65535, not '1e3'"),
        ("٣", "a number of at most 65535, not '٣'"),
        ("70000", "a number of at most 65535, not '70000'"),
        ("9" * 5000, f"a number of at most 65535, not '{'9' * 20}'"),
        ("0", "must be 1 to 65528, not 0: the app and its stand-ins have 8 ports"),
        ("65533", "must be 1 to 65528, not 65533: the app and its stand-ins have 8 ports"),
    ],
)
@pytest.mark.parametrize("command", ["run", "demo"])
def test_a_port_that_is_none(
    command: str,
    port: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        start(monkeypatch, command, "--port", port, "--state", str(tmp_path))
    assert ended.value.code == 2
    printed, told = capsys.readouterr()
    assert said in told.splitlines()[-1]
    assert "Traceback" not in printed + told


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("file", "file cannot be used (it is a file): name another one"),
        ("file/below", "cannot be used (Not a directory): name another one"),
        ("damaged", "secrets.json is damaged: remove it"),
        ("strange", "secrets.json is damaged: remove it"),
        (" ", "has no name"),
        ("circle", "circle cannot be used (File exists): name another one"),
        ("a" * 300, "cannot be used (File name too long): name another one"),
        ("folders/secrets.json", "secrets.json cannot be used: Is a directory."),
        ("folders/host.lock", "host.lock cannot be used: Is a directory."),
        ("folders/ready.json", "ready.json cannot be used: Is a directory."),
    ],
)
def test_a_state_folder_that_is_none(
    state: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    if state.startswith("folders/"):
        (tmp_path / state / state.partition("/")[2]).mkdir(parents=True)
    for name, text in (("damaged", "{"), ("strange", '{"secret_key": 5}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "secrets.json").write_text(text)
    folder = str(tmp_path / state) if state.strip() else state
    with pytest.raises(SystemExit):
        start(monkeypatch, "run", "--port", "21000", "--state", folder)
    assert said in say(capsys)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is not JSON: line 1"),
        (b"", "is not JSON: "),
        (b"[" * 100_000, "is not JSON: "),
        (b"\xff\xfe{", "is not JSON: "),
        (b"5", "holds no JSON object"),
        (b"[]", "holds no JSON object"),
        (b"null", "holds no JSON object"),
        (b"{}", 'has no "Values"'),
        (b'{"Host": {}}', 'has no "Values"'),
        (b'{"IsEncrypted": true, "Values": {}}', "is encrypted"),
        (b'{"Values": []}', '"Values" must be an object'),
        (b'{"Values": {"A": {"b": "c"}}}', "A must be a text"),
        (b'{"Values": {"A=B": "c"}}', "'A=B' cannot be an environment variable"),
        (b'{"Values": {"A": "\\ud800"}}', "'A' cannot be an environment variable"),
        (b'{"Values": {"A": "%s"}}' % (b"x" * 200_000), "'A' cannot be an environment variable"),
        (b'{"Values": {}, "Host": 7071}', '"Host" must be an object'),
        (b'{"Values": {}, "Host": {"LocalHttpPort": "abc"}}', "LocalHttpPort must be 1 to 65535"),
        (
            b'{"Values": {}, "Host": {"LocalHttpPort": "%s"}}' % (b"9" * 5000),
            "LocalHttpPort must be 1 to 65535",
        ),
        (b'{"Values": {}, "Host": {"LocalHttpPort": 0}}', "LocalHttpPort must be 1 to 65535"),
        (b'{"Values": {}, "Host": {"CORS": ["http://a.com"]}}', "Host.CORS must be a text"),
        (None, "cannot be read: Is a directory"),
    ],
)
def test_a_settings_file_that_is_none(
    content: bytes | None,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if content is None:
        (tmp_path / SETTINGS).mkdir()
    else:
        (tmp_path / SETTINGS).write_bytes(content)
    with pytest.raises(SystemExit):
        start(monkeypatch, "host", "--app", str(tmp_path), "--state", str(tmp_path / "state"))
    told = say(capsys)
    assert said in told
    assert SETTINGS in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--prot", "1"], "unrecognized arguments: --prot 1"),
        (["walk"], "invalid choice: 'walk'"),
        (["demo", "--task", "dance"], "there is no demo of dance; TASK can be one of: doc_"),
        (["host", "--host", "192.0.2.1", "--port", "0"], "port 0 on 192.0.2.1 cannot be used"),
        (["host", "--host", "no such", "--port", "0"], "port 0 on no such cannot be used"),
    ],
)
def test_a_command_that_is_none(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        start(monkeypatch, *arguments)
    assert said in say(capsys)


def test_what_cannot_be_installed_is_said_in_words(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "infra", tmp_path / "infra", ignore=shutil.ignore_patterns("node_modules")
    )
    done = subprocess.run(
        [sys.executable, "-m", "infra.local", "setup"],
        cwd=tmp_path,
        env={
            **os.environ,
            "npm_config_registry": "http://127.0.0.1:9",
            "npm_config_fetch_retries": "0",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == "installing Azurite from npm\n"
    begin = "python -m infra.local: the registry was not reached, "
    assert done.stderr.startswith(begin)
    assert "Traceback" not in done.stderr


def test_ctrl_c_at_the_start_says_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "infra.local", "demo", "--port", "21100"]
    with subprocess.Popen(
        [*command, "--state", str(tmp_path / "gr\u00f6\u00dfe")],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        assert started.stdout is not None
        assert "gr\\xf6\\xdfe" in started.stdout.readline()
        started.send_signal(signal.SIGINT)
        _, told = started.communicate(timeout=60)
    assert (started.returncode, told) == (130, "")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"PORT": "70000"}, "a number of at most 65535, not '70000'"),
        ({"STATE": "a b"}, "a b cannot be used (it is a file)"),
    ],
)
def test_make_hands_on_what_it_is_told(changes: dict[str, str], said: str, tmp_path: Path) -> None:
    (tmp_path / "a b").touch()
    told = {"STATE": str(tmp_path / changes["STATE"])} if "STATE" in changes else changes
    # What is installed is taken as it is.
    fixed = {"BIN": str(Path(sys.executable).parent), "STAMP": "Makefile"}
    command = ["make", "run", *(f"{name}={value}" for name, value in {**fixed, **told}.items())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert said in done.stderr.splitlines()[0]
    assert "Traceback" not in done.stderr


def test_ctrl_c_is_no_traceback_however_early() -> None:
    """While modules are being imported."""
    code = (
        "import os, runpy, signal, sys\n"
        "class Interrupts:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'uvicorn':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupts())\n"
        "runpy.run_module('infra.local', run_name='__main__')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, "")
