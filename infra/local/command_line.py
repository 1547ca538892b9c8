"""`python -m infra.local setup|host|run|demo`: the local tools' command line."""

import argparse
import io
import logging
import signal
import sys
from pathlib import Path
from typing import NoReturn

from infra.local import ROOT
from infra.local.errors import StartError
from infra.local.log_lines import OneLine
from infra.local.serving import MAX_PORT, PartError, parse_port
from infra.local.settings_file import read_local_settings, split_origins
from infra.local.state import make_state

_INTERRUPTED = 130
"""What a shell says of a program that Ctrl-C has ended."""
LOG_FORMAT = "%(asctime)s.%(msecs)03d %(levelname)-7s %(name)s: %(message)s"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without repeating how it is used."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def main() -> None:
    """Parse the command line and run what it asks for."""
    parser = _Parser(prog="python -m infra.local")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    host = commands.add_parser("host", help="serve a Python v2 function app folder")
    host.add_argument("--app", type=Path, default=Path(), help="the app's folder (default: this)")
    host.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    host.add_argument("--cors", default="", help="origins to allow, separated by commas")
    host.set_defaults(run=_host)
    for name, action, text in (
        ("run", _run, "start the app with its stand-ins until Ctrl-C"),
        ("demo", _demo, "start everything, send one ticket through, print its result, stop"),
    ):
        commands.add_parser(name, help=text).set_defaults(run=action)
    for command in commands.choices.values():
        command.add_argument("--port", default="", help="default: Host.LocalHttpPort")
        command.add_argument("--state", default=".local", help="where the state is kept")
    commands.choices["demo"].add_argument(
        "--task", default="doc_analysis", help="the task type to show"
    )
    commands.add_parser("setup", help="install what the stand-ins are made of").set_defaults(
        run=_setup
    )
    arguments = parser.parse_args()
    _print_anything()
    _log_lines()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        arguments.run(arguments)
    except KeyboardInterrupt:
        raise SystemExit(_INTERRUPTED) from None
    except (StartError, OSError) as error:
        print(f"{parser.prog}: {_explain(error)}", file=sys.stderr)
        raise SystemExit(2) from error


def _explain(error: StartError | OSError) -> str:
    if isinstance(error, StartError):
        return str(error)
    return f"{error.filename or 'Something'} cannot be used: {error.strerror or error}."


def _print_anything() -> None:
    """Also to a terminal that does not know all characters."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _log_lines() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine(LOG_FORMAT, datefmt="%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # As the logging HOWTO advises where lines are many: the format asks for none of these.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for noisy in ("azure", "httpx2", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _port(text: str, folder: Path) -> int:
    """The port that was asked for, else that of local.settings.json."""
    if not text.strip():
        return read_local_settings(folder).port
    port = parse_port(text)
    if port is None:
        raise PartError(f"The port must be a number of at most {MAX_PORT}, not {text[:20]!r}.")
    return port


def _setup(_: argparse.Namespace) -> None:
    from infra.local.azurite.install import HERE, install
    from infra.local.snowflake.environment import make

    if not (HERE / "node_modules").is_dir():
        print("installing Azurite from npm", flush=True)
    install()
    make()


def _host(arguments: argparse.Namespace) -> None:
    from infra.local.host.server import serve

    folder = arguments.app.resolve()
    port = _port(arguments.port, folder)
    state, cors = make_state(arguments.state), split_origins(arguments.cors)
    serve(folder, arguments.host, port, state, [*cors])


def _run(arguments: argparse.Namespace) -> None:
    from infra.local.run import run

    run(_port(arguments.port, ROOT), make_state(arguments.state))


def _demo(arguments: argparse.Namespace) -> None:
    from infra.local.demo import TASKS, demo

    if arguments.task not in TASKS:
        known = ", ".join(TASKS)
        raise PartError(f"there is no demo of {arguments.task}; TASK can be one of: {known}.")
    demo(_port(arguments.port, ROOT), make_state(arguments.state), arguments.task)
