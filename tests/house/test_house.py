"""The house is measured right, as far as a small one shows."""

import os
import subprocess
import sys
from pathlib import Path

from tests.house.__main__ import Trace, floors, sizes, stays_and_climbs

HANDLER = """
class StoredTicket: pass
async def create_ticket():
    from shared import store
    await store.insert(StoredTicket())
"""
STORE = """
import asyncio
async def insert(ticket):
    await asyncio.sleep(0)
    note(ticket)
def note(ticket): pass
"""
RUN = "import asyncio; from functions.tickets import create_ticket; asyncio.run(create_ticket())"


def test_what_a_request_enters_is_written_down_once_and_where_a_ticket_goes_each_time(
    tmp_path: Path,
) -> None:
    for folder, name, source in (("functions", "tickets", HANDLER), ("shared", "store", STORE)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{name}.py").write_text(source)
    trace = Trace(tmp_path / "trace", tmp_path)
    env = {**os.environ, "PYTHONPATH": f"{trace.folder}{os.pathsep}{tmp_path}"}
    subprocess.run([sys.executable, "-c", RUN], env=env, cwd=tmp_path, check=True)
    assert trace.of("create_ticket") == {"functions/tickets.py", "shared/store.py"}
    assert trace.until("shared/store.py") == ["functions/tickets.py", "shared/store.py"]
    assert trace.visits == ["shared/store.py", "shared/store.py"]


def test_stays_are_files_in_a_row_and_climbs_lead_to_one_that_stands_above() -> None:
    floor = {"top": 3, "middle": 2, "ground": 1}
    assert stays_and_climbs(["top", "top", "ground", "middle", "middle"], floor) == (3, 1)


def test_the_app_stands_above_its_settings_and_those_above_the_errors() -> None:
    floor = floors()
    assert floor["shared/errors.py"] == 1
    assert floor["shared/app/__init__.py"] > floor["shared/settings/__init__.py"] > 1


def test_every_size_is_told() -> None:
    told = dict(sizes())
    assert int(told["functions"]) > int(told["modules"]) > int(told["folders"]) > 1
