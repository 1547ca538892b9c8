"""Answers that are remembered: for whom, for what, for how long."""

import json

import pytest
from starlette.responses import Response

from shared.clients.llm.output import AnswerForm, of_model
from shared.models import Call, Model, Question
from shared.workflow.answer_cache import Answers
from tests.support.product.app import AppUnderTest
from tests.support.servers.model import ModelServer, completion


class Colour(Model):
    name: str


FORM = of_model(Colour)
QUESTION = Question("System.", "Which colour?", {"text": "The sea is blue."})
BLUE = json.dumps({"name": "blue"})


def blue(_: int, __: object) -> Response:
    return completion(BLUE)


@pytest.fixture
def answers(app: AppUnderTest, model: ModelServer) -> Answers:
    model.reset(blue)
    return app.answer_cache


class Ledger:
    """The calls that were recorded."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    async def record(self, call: Call) -> None:
        self.calls.append(call)


async def ask(
    answers: Answers,
    owner: str = "ann",
    form: AnswerForm[Colour] = FORM,
    question: Question = QUESTION,
) -> Call:
    """The last call of a question that must be answered blue."""
    ledger = Ledger()
    answer = await answers.of(owner).complete(form, question, ledger.record)
    assert answer.value == Colour(name="blue")
    assert answer.model == "scripted-model"
    return ledger.calls[-1]


async def test_the_same_question_of_the_same_owner_is_not_asked_again(
    answers: Answers, model: ModelServer
) -> None:
    first, second = await ask(answers), await ask(answers)
    assert len(model.bodies) == 1
    assert (first.reused, first.prompt_tokens) == (False, 10)
    assert (second.reused, second.prompt_tokens, second.model) == (True, 0, "scripted-model")
    assert first.answer == second.answer is not None


@pytest.mark.parametrize(
    "question",
    [
        Question("Other.", QUESTION.user, QUESTION.material),
        Question(QUESTION.system, "Which hue?", QUESTION.material),
        Question(QUESTION.system, QUESTION.user, {"text": "The sea is Blue."}),
        Question(QUESTION.system, QUESTION.user, {"note": "The sea is blue."}),
    ],
)
async def test_any_other_question_is_asked(
    answers: Answers, model: ModelServer, question: Question
) -> None:
    await ask(answers)
    await ask(answers, question=question)
    assert len(model.bodies) == 2


async def test_nobody_gets_what_another_owner_was_answered(
    answers: Answers, model: ModelServer
) -> None:
    await ask(answers, "ann")
    await ask(answers, "bob")
    assert len(model.bodies) == 2


async def test_a_stricter_form_is_another_question(answers: Answers, model: ModelServer) -> None:
    class Colour(Model):
        name: str
        shade: str = "any"

    await ask(answers)
    await answers.of("ann").complete(of_model(Colour), QUESTION, Ledger().record)
    assert len(model.bodies) == 2


async def test_what_is_forgotten_or_too_old_is_asked_again(
    answers: Answers, app: AppUnderTest, model: ModelServer
) -> None:
    call = await ask(answers)
    assert call.answer is not None
    assert await answers.expire() == 0
    await answers.forget([call.answer, call.answer])
    await ask(answers)
    assert len(model.bodies) == 2
    assert await app.another(ANSWER_CACHE_DAYS="0").answer_cache.expire() == 1
    await ask(answers)
    assert len(model.bodies) == 3


async def test_for_no_days_nothing_is_remembered(app: AppUnderTest, model: ModelServer) -> None:
    model.reset(blue)
    forgetful = app.another(ANSWER_CACHE_DAYS="0").answer_cache
    for _ in range(2):
        ledger = Ledger()
        await forgetful.of("ann").complete(FORM, QUESTION, ledger.record)
        assert ledger.calls[0].answer is None
    assert len(model.bodies) == 2


async def test_an_answer_that_fits_no_more_is_asked_again(
    answers: Answers, app: AppUnderTest, model: ModelServer
) -> None:
    call = await ask(answers)
    await app.container.write_json(str(call.answer), {"model": "m", "value": {"hue": 3}})
    await ask(answers)
    assert len(model.bodies) == 2
