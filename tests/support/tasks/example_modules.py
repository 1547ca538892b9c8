"""Task types that a page of the documentation shows, put where a type is looked for."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.tasks.registry import TASK_TYPES

ExampleModule = Callable[[str, str], str]
"""Given the name of a task type and the text of a page that has its module: the module's code,
which is from now on the task type of that name."""


def example_modules(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ExampleModule:
    """Until the end of the test."""

    def add(name: str, page: str) -> str:
        [code] = re.findall(rf'```python\n("""Task type `{name}`.*?)```', page, re.DOTALL)
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
        monkeypatch.syspath_prepend(folder)
        monkeypatch.setitem(TASK_TYPES, name, name)
        return str(code)

    return add
