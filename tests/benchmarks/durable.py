"""How fast the local host's durable engine is."""

import asyncio
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from httpx2 import AsyncClient, Client, Limits

from tests.benchmarks.verdicts import Row, judge_least, judge_most, tell
from tests.support.hosts.durable_api import BASE, KEY
from tests.support.hosts.process import HostProcess

APP = Path(__file__).parent / "app"
START = f"{BASE}/orchestrators"
WAIT = KEY | {"timeout": "100", "pollingInterval": "1"}
ACTIVITY_THREADS = 32


def measure() -> list[Row]:
    """What was measured, and whether it holds its target."""
    with tempfile.TemporaryDirectory() as folder:
        host = HostProcess(APP, Path(folder), {})
        host.start()
        try:
            rows = [_chain(host), asyncio.run(_throughput(host))]
            rows += [_fan_out(host, "no_op"), _fan_out(host, "ten_milliseconds")]
        finally:
            host.stop()
    return [*rows, _restart()]


def _run(client: Client, name: str, value: Any = None) -> float:
    began = time.perf_counter()
    answer = client.post(f"{START}/{name}", params=WAIT, json=value)
    elapsed = time.perf_counter() - began
    if answer.status_code != 200:
        raise RuntimeError(f"{name} did not finish: {answer.text}")
    return elapsed


def _chain(host: HostProcess) -> Row:
    with Client(base_url=host.base_url) as client:
        for _ in range(20):
            _run(client, "chain")
        times = [_run(client, "chain") * 1000 for _ in range(100)]
    p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    return judge_most("five no-ops in a chain, p50", p50, 15, "ms", f", p95 {p95:.1f} ms")


async def _throughput(host: HostProcess) -> Row:
    count = 400
    limits = Limits(max_connections=count)
    async with AsyncClient(base_url=host.base_url, timeout=120, limits=limits) as client:
        began = time.perf_counter()
        answers = await asyncio.gather(
            *(client.post(f"{START}/chain", params=WAIT) for _ in range(count))
        )
        elapsed = time.perf_counter() - began
    if any(answer.status_code != 200 for answer in answers):
        raise RuntimeError("not every instance finished")
    return judge_least("such chains, 400 at once", count / elapsed, 80, "a second")


def _fan_out(host: HostProcess, activity: str) -> Row:
    count = 500
    work = {"no_op": lambda: None, "ten_milliseconds": lambda: time.sleep(0.01)}[activity]
    with ThreadPoolExecutor(ACTIVITY_THREADS) as pool:
        began = time.perf_counter()
        for call in [pool.submit(work) for _ in range(count)]:
            call.result()
        bare = time.perf_counter() - began
    with Client(base_url=host.base_url, timeout=60) as client:
        value = {"activity": activity, "count": count}
        elapsed = statistics.median(_run(client, "fan_out", value) for _ in range(5))
    what, more = f"fan-out of 500 x {activity}", f" ({elapsed * 1000:.0f} ms)"
    if activity == "ten_milliseconds":
        return judge_most(what, elapsed / bare, 3, "x bare threads", more)
    return tell(what, f"x {elapsed / bare:.1f}{more}, mostly the SDK's replay")


def _restart() -> Row:
    count = 1000
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "notes"
        host = HostProcess(APP, Path(folder), {})
        host.start()
        try:
            with Client(base_url=host.base_url) as client:
                for _ in range(count):
                    client.post(
                        f"{START}/waiting", params=KEY, json={"notes": str(notes)}
                    ).raise_for_status()
            host.kill()
            notes.unlink(missing_ok=True)
            began = time.time()
            host.start()
            while not notes.exists() or not notes.read_text():
                time.sleep(0.01)
            first = float(notes.read_text().split()[0]) - began
        finally:
            host.stop()
    return judge_most("restart to progress, 1,000 unfinished", first, 2, "s")
