"""`python -m infra.local host|run|demo`: the local tools' command line."""

import argparse
import logging
import sys
from pathlib import Path

from infra.local.host.functions import HostError, read_local_settings
from infra.local.installation import InstallError
from infra.local.log_lines import OneLine
from infra.local.serving import PartError, PortTakenError

DEFAULT_PORT = 7071
LOG_FORMAT = "%(asctime)s.%(msecs)03d %(levelname)-7s %(name)s: %(message)s"


def main() -> None:
    """Parse the command line and run what it asks for."""
    parser = argparse.ArgumentParser(prog="python -m infra.local")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    host = commands.add_parser("host", help="serve a Python v2 function app folder")
    host.add_argument("--app", type=Path, default=Path(), help="the app's folder (default: this)")
    host.add_argument("--port", type=int, help=f"default: Host.LocalHttpPort, or {DEFAULT_PORT}")
    host.add_argument("--state", type=Path, default=Path(".local"), help="where the state is kept")
    host.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    host.add_argument("--cors", default="", help="origins to allow, separated by commas")
    host.set_defaults(run=_host)
    for name, action, text in (
        ("run", _run, "start the app with its stand-ins until Ctrl-C"),
        ("demo", _demo, "start everything, send one ticket through, print its result, stop"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--port", type=int, default=DEFAULT_PORT, help="and those after it")
        command.add_argument("--state", type=Path, default=Path(".local"), help="what is kept")
        command.set_defaults(run=action)
    command.add_argument("--task", default="doc_analysis", help="the task type to show")
    arguments = parser.parse_args()
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine(LOG_FORMAT, datefmt="%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # As the logging HOWTO advises where lines are many: the format asks for none of these.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for noisy in ("azure", "httpx2", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        arguments.run(arguments)
    except (HostError, InstallError, PortTakenError, PartError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        raise SystemExit(2) from error


def _host(arguments: argparse.Namespace) -> None:
    from infra.local.host.server import serve

    folder = arguments.app.resolve()
    settings = read_local_settings(folder)
    port = arguments.port
    if port is None:
        port = int(settings.get("Host", {}).get("LocalHttpPort", DEFAULT_PORT))
    cors = [origin.strip() for origin in arguments.cors.split(",") if origin.strip()]
    serve(folder, arguments.host, port, arguments.state.resolve(), cors)


def _run(arguments: argparse.Namespace) -> None:
    from infra.local.run import run

    run(arguments.port, arguments.state.resolve())


def _demo(arguments: argparse.Namespace) -> None:
    from infra.local.demo import TASKS, demo

    if arguments.task not in TASKS:
        known = ", ".join(TASKS)
        raise PartError(f"there is no demo of {arguments.task}; TASK can be one of: {known}.")
    demo(arguments.port, arguments.state.resolve(), arguments.task)


if __name__ == "__main__":
    main()
