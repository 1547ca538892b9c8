"""Texts of task_data may be as long as task_data; what the model is shown of them is bounded."""

import pytest

from shared.documents.tokens import estimate
from shared.models import StoredUser
from shared.tasks.registry import TASK_TYPES, find_task_type
from tests.support.product.app import AppUnderTest
from tests.support.product.workflow import ANSWER, answering, opened, run, shown

WINDOW = 128_000
TEXTS = {
    "English": "The harbour freezes in January. ",
    "Chinese": "港口在一月结冰。",
    "signs": "\U0001f600",
}
SHORT = {"pr_url", "template"}
"""Texts that are names of something, and no longer than names."""


def long_texts(task_type: str) -> list[str]:
    """The fields of a type's task_data that hold a text."""
    fields = find_task_type(task_type).data.model_json_schema()["properties"]
    kinds = {name: field.get("anyOf", [field]) for name, field in fields.items()}
    return [
        name
        for name, some in kinds.items()
        if name not in SHORT
        and any(
            one.get("type") == "string" and "maxLength" not in one and "enum" not in one
            for one in some
        )
    ]


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_all_texts_together_fit_into_one_question(task_type: str, language: str) -> None:
    found, names = find_task_type(task_type), long_texts(task_type)
    text = (TEXTS[language] * 1_000_000)[:1_000_000]
    texts = dict.fromkeys(set(names) - {"requirements"}, text)
    data = found.data.model_validate(found.example | texts)
    assert set(names) == set(found.data.max_tokens)
    tokens = {name: estimate(data.show(name)) for name in texts}
    assert sum(tokens.values()) < WINDOW - 20_000
    assert all(tokens[name] > found.data.max_tokens[name] * 0.5 for name in texts), tokens
    warnings = list(data.find_warnings())
    assert [warning.split()[0] for warning in warnings] == [
        f"task_data.{name}" for name in found.data.max_tokens if name in texts
    ]


async def test_a_context_of_a_megabyte_is_used_as_far_as_the_model_can_see(
    app: AppUnderTest, owner: StoredUser
) -> None:
    app.model.reset(answering(ANSWER))
    order = await opened(app, owner, context="beginning " + "word " * 200_000 + "end", more=1)
    await run(app.activities, order)
    result = (await shown(app, order)).result_data
    prompt = app.model.bodies[-1]["messages"][-1]["content"]
    assert "beginning word" in prompt
    assert "\n[…]\n" in prompt
    assert "end" not in prompt.rpartition("[…]")[0]
    assert len(prompt) < 500_000
    assert [warning.split()[0] for warning in result["warnings"]] == [
        "task_data.more",
        "task_data.context",
    ]
    assert "1000013 characters" in result["warnings"][1]


async def test_what_is_shown_whole_is_not_warned_of(app: AppUnderTest, owner: StoredUser) -> None:
    app.model.reset(answering(ANSWER))
    order = await opened(app, owner, context="word " * 50_000)
    await run(app.activities, order)
    assert (await shown(app, order)).result_data["warnings"] == []
    assert "word " * 50_000 in app.model.bodies[-1]["messages"][-1]["content"]
