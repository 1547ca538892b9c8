"""Documents analysed from ticket to result: real files, and a model that says what the test
wants."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from shared.attachments.store import NewFile, examine
from shared.documents.file_types import InMemory
from shared.documents.tokens import estimate
from shared.models import NewTicket, StoredUser, validate_model
from shared.tickets.attempts import Attempt
from shared.workflow.messages import StartInput
from tests.support.product.accounts import by
from tests.support.product.app import AppUnderTest, user
from tests.support.product.clock import now
from tests.support.product.workflow import order_of, run, shown
from tests.support.servers.model import Body, ModelServer, completion

JsonObject = dict[str, Any]
Given = Mapping[str, bytes] | Sequence[tuple[str, bytes]]
"""Files by name; as pairs where several have one name."""
Claims = Callable[[str], Sequence[JsonObject]]
Conclude = Callable[[str], JsonObject]

_FINDING = re.compile(
    r"^\[claim (\d+)(?:, \d+)*\] \(document ([\d, ]+), [^)]*\) (.*)$", re.MULTILINE
)


def claim(text: str, *quotes: str, **more: Any) -> JsonObject:
    """A claim as a model proposes it; without quotes its text is one."""
    return {
        "kind": "fact",
        "importance": 3,
        "text": text,
        "quotes": list(quotes or [text]),
        **more,
    }


def point(text: str, *claims: int, **more: Any) -> JsonObject:
    """An insight as a model proposes it."""
    return {"kind": "fact", "importance": 3, "text": text, "claims": list(claims), **more}


def statement(text: str, *claims: int) -> JsonObject:
    """A sentence of a summary, a gap or a recommendation as a model proposes it."""
    return {"text": text, "claims": list(claims)}


def relation(kind: str, text: str, *claims: int) -> JsonObject:
    return {"relation": kind, "text": text, "claims": list(claims)}


def findings(material: str) -> list[tuple[int, str, str]]:
    """The findings that the model is given: the number of their first claim, of their documents,
    and the text."""
    return [(int(number), about, text) for number, about, text in _FINDING.findall(material)]


def some_lines(text: str) -> Sequence[JsonObject]:
    """A claim for every tenth line, which it quotes."""
    lines = [line for line in text.splitlines() if len(line.split()) > 3]
    return [claim(line) for line in lines[::10]]


def all_findings(material: str) -> JsonObject:
    """Up to twenty-five insights, each of one finding."""
    return {"insights": [point(text, number) for number, _, text in findings(material)[:25]]}


def form_of(body: Body) -> str:
    """Which answer is asked for: Analysis, Conclusion."""
    return str(body["response_format"]["json_schema"]["name"])


def material(body: Body, name: str = r"\w+") -> str:
    """The last text that the model was given under this name, `document` or `findings`."""
    found = re.findall(
        rf"<<(data-\w+) {name}>>\n(.*?)\n<</\1>>", body["messages"][1]["content"], re.S
    )
    assert found, f"no {name}"
    return str(found[-1][1])


def tokens(body: Body) -> int:
    """Of all that the model is told."""
    return sum(estimate(message["content"]) for message in body["messages"])


@dataclass
class Reader:
    """A script for the model server. What a test changes is what is answered from then on."""

    claims: Claims = some_lines
    conclude: Conclude = all_findings
    summary: str = "It says something."

    def __call__(self, _: int, body: Body) -> Response:
        if form_of(body) == "Analysis":
            claims = [
                {"id": number, **one} for number, one in enumerate(self.claims(material(body)), 1)
            ]
            empty = self._nothing_but_a_summary(one["id"] for one in claims)
            return completion(json.dumps({**empty, "claims": claims}))
        known = [number for number, _, _ in findings(material(body))[:1]]
        made = {"documents": [], "insights": [], "relations": [], **self.conclude(material(body))}
        return completion(json.dumps({**self._nothing_but_a_summary(known), **made}))

    def _nothing_but_a_summary(self, claims: Iterable[int]) -> JsonObject:
        summary = [statement(self.summary, *claims)]
        return {"summary": summary, "gaps": [], "recommendations": []}


@dataclass
class Analyses:
    """Where documents are analysed for one user."""

    app: AppUnderTest
    owner: StoredUser = field(default_factory=user)
    reader: Reader = field(default_factory=Reader)

    def __post_init__(self) -> None:
        self.model.reset(self.reader)

    @property
    def model(self) -> ModelServer:
        return self.app.model

    def use(self, chunk_tokens: int) -> None:
        """Cut documents into chunks of this size from now on."""
        self.app = self.app.another(CHUNK_TOKENS=str(chunk_tokens))

    def asked(self, form: str) -> list[Body]:
        """The calls so far that asked for this."""
        return [body for body in self.model.bodies if form_of(body) == form]

    async def open(self, files: Given, **task_data: Any) -> StartInput:
        """A ticket with these files."""
        app = self.app
        given = [NewFile(name, InMemory(memoryview(data))) for name, data in _pairs(files)]
        batch = app.attachments.batch(await examine(given, 10_000_000, now()))
        body = {"title": "T", "task_type": "doc_analysis", "task_data": task_data}
        return order_of(
            (
                await app.ticket_opening.open_ticket(
                    by(self.owner), validate_model(NewTicket, body), None, batch
                )
            ).ticket
        )

    async def analyse(self, files: Given, **task_data: Any) -> JsonObject:
        """The result of a ticket with these files."""
        return await self.result(await self.open(files, **task_data))

    async def result(self, order: StartInput) -> JsonObject:
        """The result of a ticket, which must come to one."""
        end = await run(self.app.activities, order)
        assert end["kind"] == "done", end
        return (await shown(self.app, order)).result_data

    async def failure(self, files: Given, **task_data: Any) -> str:
        """Why a ticket with these files fails."""
        end = await run(self.app.activities, await self.open(files, **task_data))
        assert end["kind"] == "failure", end
        return str(end["reason"])

    def attempt(self, order: StartInput) -> Attempt:
        """What the attempt leaves behind."""
        return Attempt(self.app.container, order["ticket_id"], order["attempt"])


def _pairs(files: Given) -> Sequence[tuple[str, bytes]]:
    return list(files.items()) if isinstance(files, Mapping) else files
