"""What the README shows works."""

import re
from pathlib import Path

from shared.clients.blobs import Container
from shared.tasks.registry import find_task_type
from tests.support.servers.model import ModelServer
from tests.support.tasks.example_modules import ExampleModule
from tests.support.tasks.runs import result_of, ticket_of

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")


async def test_its_task_type_works(
    example_module: ExampleModule, container: Container, model: ModelServer
) -> None:
    code = example_module("glossary", README)
    assert len(code.splitlines()) <= 35

    made = await result_of(ticket_of("glossary"), container, model)

    assert "A pilot guides ships." in made["sentences"]
    assert "berth" in str(find_task_type("glossary").render(made, "md"))


def test_its_settings_are_those_of_the_sample() -> None:
    sample = (ROOT / "local.settings.sample.json").read_text(encoding="utf-8")
    named = re.findall(r"`([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)`", README)
    assert named
    assert [name for name in named if f'"{name}"' not in sample] == []
