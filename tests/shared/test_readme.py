"""What the README shows works."""

import re
from pathlib import Path

import pytest

from shared.clients.blobs import Container
from shared.models import Priority, StoredTicket, now, validated
from shared.tasks import TASKS, task_of
from tests.support.servers.model import ModelServer
from tests.support.tasks.runs import result_of

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


async def test_its_task_type_works(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    container: Container,
    model: ModelServer,
) -> None:
    [module] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (tmp_path / "glossary.py").write_text(module, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(TASKS, "glossary", "glossary")
    task = task_of("glossary")
    validated(task.TaskData, task.EXAMPLE)
    ticket = StoredTicket(
        id=f"{'0' * 16}-{'0' * 22}",
        title="T",
        description="",
        task_type="glossary",
        priority=Priority.MEDIUM,
        task_data=task.EXAMPLE,
        created_by="0" * 16,
        created_at=now(),
        updated_at=now(),
    )
    result = await result_of(ticket, container, model)
    quotes = [term["quote"] for term in result["terms"]]
    assert "A pilot guides ships into the harbour." in quotes
    assert "berth" in str(task.render(result, "md"))


def test_its_settings_are_those_of_the_sample() -> None:
    sample = (ROOT / "local.settings.sample.json").read_text(encoding="utf-8")
    named = re.findall(r"`([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)`", README)
    assert named
    assert [name for name in named if f'"{name}"' not in sample] == []
