"""A browser that is installed here, and the journeys through the console that it is sent on."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.local import npm
from infra.local.installation import InstallError

_HERE = Path(__file__).parents[2] / "browser"
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """The one that the variable CHROMIUM names, or the first on the path."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


class Browser:
    """A process with a browser that goes on one journey after the other, each in a profile of its
    own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.version = self._answer()

    def go(self, journey: str, view: dict[str, Any] | None = None, **given: Any) -> Any:
        """What the journey of that name answers; fails with what it says went wrong."""
        assert self._process.stdin is not None
        asked = {"journey": journey, "given": given, "view": view or {}}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the browser has ended"
        answer = json.loads(line)
        assert answer["ok"], answer.get("error")
        return answer["value"]


@contextmanager
def open_browser(base: str) -> Iterator[Browser]:
    """A browser for the console of the API at `base`; skips the test where there is none."""
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("there is no Chromium here (apt-get install chromium, or set CHROMIUM)")
    try:
        npm.install(_HERE)
    except InstallError as error:
        pytest.skip(f"what drives a browser cannot be installed: {error}")
    command = [str(npm.NODE), str(_HERE / "driver.mjs"), chromium, base]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Browser(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)
