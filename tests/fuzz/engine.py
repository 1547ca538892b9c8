"""`python -m tests.fuzz.engine TARGET ENGINE SECONDS FOLDER`: tries one target in this process and
prints a line of JSON: inputs, seconds, the engine, and the file of what failed.

An input over which the process dies, or that takes longer than ten seconds, is in `FOLDER/trying`.
"""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from signal import SIGALRM, alarm, signal
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.fuzz.targets import Target

_MAX_SECONDS = 10
_ROUND = 200
_MAX_BYTES = 4_096
_TOLD = ("shared", "functions", "python_multipart", "markdown_it")


class TooSlowError(Exception):
    """An input took longer than it may."""


class Attempts:
    """Counts inputs, and keeps the one that is tried and the one that failed last."""

    def __init__(self, target: "Target", folder: Path) -> None:
        self._target = target
        self.folder = folder
        self.began = time.monotonic()
        self.count = 0
        self.failed: bytes | None = None
        self.error = ""

    def attempt(self, data: bytes) -> None:
        """Try one input; raises what is found."""
        self.count += 1
        (self.folder / "trying").write_bytes(data)
        alarm(_MAX_SECONDS)
        try:
            self._target.check(data)
        except Exception as error:
            self.failed = data
            self.error = "".join(traceback.format_exception_only(error)).strip()
            frame = traceback.extract_tb(error.__traceback__)[-1]
            self.error += f" at {frame.filename}:{frame.lineno}"
            raise
        finally:
            alarm(0)

    def keep(self) -> str:
        """The file that the failing input is kept in, empty when there is none."""
        if self.failed is None:
            return ""
        path = self.folder / sha256(self.failed).hexdigest()[:12]
        path.write_bytes(self.failed)
        return str(path)


def try_by_hypothesis(target: "Target", attempts: Attempts, until: float) -> None:
    """Words of the target's language in any order, seeds with parts exchanged, and bytes."""
    words = st.lists(st.sampled_from(target.words) | st.binary(max_size=4), max_size=60)
    made = words.map(b"".join) | st.binary(max_size=200)
    if target.seeds:
        places = st.tuples(st.sampled_from(target.seeds), st.floats(0, 1), st.floats(0, 1), words)
        made |= places.map(_exchange)

    @settings(
        max_examples=_ROUND,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(made)
    def look(data: bytes) -> None:
        attempts.attempt(data)

    while time.monotonic() < until:
        look()


def _exchange(parts: tuple[bytes, float, float, list[bytes]]) -> bytes:
    seed, start, length, words = parts
    at = int(start * len(seed))
    return seed[:at] + b"".join(words[:5]) + seed[at + int(length * 16) :]


def try_by_atheris(target: "Target", attempts: Attempts, until: float) -> None:
    """Guided by what of the parsers is run. Ends the process by itself, with its report."""
    import atheris

    def look(data: bytes) -> None:
        if time.monotonic() > until:
            report(attempts, "atheris")
        try:
            attempts.attempt(data)
        except Exception:
            report(attempts, "atheris")

    corpus = attempts.folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for number, seed in enumerate((*target.seeds, *target.words)):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], str(corpus), f"-max_len={_MAX_BYTES}", "-verbosity=0"], look)
    atheris.Fuzz()


def find_target(name: str, *, guided: bool) -> "Target":
    """The target; `guided` makes what it imports tell atheris which of it is run."""
    if guided:
        import atheris

        with atheris.instrument_imports(include=list(_TOLD)):
            from tests.fuzz.targets import TARGETS
    else:
        from tests.fuzz.targets import TARGETS
    return TARGETS[name]


def report(attempts: Attempts, engine: str) -> None:
    """Print what there is to say, and end."""
    told: dict[str, Any] = {"inputs": attempts.count, "engine": engine, "error": attempts.error}
    told |= {"seconds": round(time.monotonic() - attempts.began, 1), "kept": attempts.keep()}
    print(json.dumps(told), flush=True)
    os._exit(0)


def main(name: str, engine: str, seconds: str, folder: str) -> None:
    def end(*_: object) -> None:
        raise TooSlowError(f"longer than {_MAX_SECONDS} s")

    signal(SIGALRM, end)
    target = find_target(name, guided=engine == "atheris")
    attempts = Attempts(target, Path(folder))
    until = attempts.began + float(seconds)
    engines: dict[str, Callable[[Any, Attempts, float], None]] = {
        "hypothesis": try_by_hypothesis,
        "atheris": try_by_atheris,
    }
    try:
        engines[engine](target, attempts, until)
    except Exception:
        if attempts.failed is None:
            raise
    report(attempts, engine)


if __name__ == "__main__":
    main(*sys.argv[1:])
