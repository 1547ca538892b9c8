"""Writes down which files of this repository a process enters: as `sitecustomize` in a folder on
PYTHONPATH it is loaded by every Python that starts there; it writes to `entered` beside itself, and
`root` there says where the repository is.

A line says whose work it was ("" for none of REQUESTS), the file, and "ticket" where the called
function was handed a ticket or the id of one. What is in a line is written once, but for tickets,
whose order counts. SIGUSR1 begins anew.
"""

import os
import re
import signal
import sys
import threading
from contextvars import ContextVar
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

REQUESTS = {"create_ticket"}
ROOMS = ("functions", "shared")
_FUNCTION = 0x1  # of `co_flags`: what is not a module's or a class's body
_TICKET_ID = re.compile(r"[0-9a-f]{16}-[0-9a-f]{22}")
_HERE = Path(__file__).parent
_files: dict[CodeType, str] = {}
_seen: set[tuple[str, str]] = set()
_request: ContextVar[str] = ContextVar("request", default="")
_state: dict[str, Any] = {}


def _file_of(code: CodeType) -> str:
    """Where the code lies within the repository's own rooms, "" for any other."""
    if code not in _files:
        path = code.co_filename.removeprefix(_state["root"])
        own = path.split("/")[0] in ROOMS and code.co_flags & _FUNCTION
        _files[code] = path if own else ""
    return _files[code]


def _enter(frame: FrameType, event: str, _: Any) -> None:
    if event != "call" or not (file := _file_of(frame.f_code)):
        return
    name = frame.f_code.co_name
    if name in REQUESTS:
        _request.set(name)
    request = _request.get()
    if request and _begins(frame) and _is_handed_a_ticket(frame):
        _write(f"{request}\t{file}\tticket\n")
    if (request, file) not in _seen:
        _seen.add((request, file))
        _write(f"{request}\t{file}\t\n")


def _begins(frame: FrameType) -> bool:
    """Whether a function is called, and not a coroutine or generator goes on: both lead to RESUME,
    whose argument is then 0."""
    return frame.f_code.co_code[frame.f_lasti + 1] & 3 == 0


def _is_handed_a_ticket(frame: FrameType) -> bool:
    """A ticket that is asked something is handed to nobody."""
    given = frame.f_code.co_varnames[: frame.f_code.co_argcount]
    return any(_is_ticket(frame.f_locals.get(name)) for name in given if name != "self")


def _is_ticket(value: object) -> bool:
    """By name and form, as nothing of the product is loaded yet when this is."""
    is_id = isinstance(value, str) and _TICKET_ID.fullmatch(value) is not None
    return is_id or type(value).__name__ == "StoredTicket"


def _write(line: str) -> None:
    os.write(_state["log"], line.encode())


def _begin_anew(*_: Any) -> None:
    _seen.clear()
    _write("\n")


if __name__ == "sitecustomize":
    _state["root"] = f"{(_HERE / 'root').read_text()}/"
    _state["log"] = os.open(_HERE / "entered", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    signal.signal(signal.SIGUSR1, _begin_anew)
    threading.setprofile(_enter)
    sys.setprofile(_enter)
