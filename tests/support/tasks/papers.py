"""Papers written from ticket to result, by a model that does what the test wants: an author who is
honest unless told otherwise."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from zlib import crc32

from starlette.responses import Response

from shared.attachments.store import NewFile, examine
from shared.documents.file_types import InMemory
from shared.models import NewTicket, ResultQuery, StoredUser, validate_model
from shared.tickets.attempts import Attempt
from shared.workflow.messages import RoundFacts, StartInput
from tests.support.product.accounts import by
from tests.support.product.app import AppUnderTest, user
from tests.support.product.clock import now
from tests.support.product.workflow import order_of, run, shown
from tests.support.servers.model import Body, ModelServer, completion
from tests.support.tasks.analyses import JsonObject, claim, form_of

TITLES = (
    "Purpose", "Background", "Method", "Berths", "Tides", "Crews", "Cargo", "Weather", "Costs",
    "Risks", "Outlook", "Tugs", "Pilots", "Lights", "Depths", "Customs", "Storage", "Cranes",
    "Repairs", "Training", "Signals", "Charts", "Records", "Closing",
)  # fmt: skip
OUTLINED = RoundFacts(number=0, stage="outlining", total=1, starts_at=5, ends_at=10)
"""The round that ends with an outline."""
_LETTERS = ("alfa", "bravo", "charlie", "delta", "echo", "fox", "golf", "hotel", "india", "juliet")
_WORDS = (
    "harbour quiet vessel morning careful signal crane rope water master ledger window answer "
    "reason method steady plan record shelter engine cargo captain forward pattern narrow gentle "
    "common broad measure border season market letter figure simple honest corner bridge garden "
    "timber copper silver evening station journey village shadow meadow orchard pocket barrel "
    "anchor canvas compass lantern mariner passage current channel northern southern eastern"
)


@dataclass(frozen=True)
class Asked:
    """What a writer is asked: the section's title and words, what must stand in it, the claims
    that it may cite, and whether it is written again."""

    title: str
    words: int
    subsections: list[str]
    points: list[str]
    claims: list[tuple[int, str]]
    again: bool
    faults: str


def prose(seed: str, words: int) -> str:
    """So many words in sentences of ten, none of which any other seed has."""
    chance = Random(seed)
    chosen = chance.choices(_WORDS.split(), k=words)
    sentences = [" ".join(chosen[at : at + 10]).capitalize() for at in range(0, words, 10)]
    return ". ".join(sentences) + "." if sentences else ""


def written(text: str, *subsections: tuple[str, str]) -> JsonObject:
    """A section as a model answers it."""
    parts = [{"title": title, "text": part} for title, part in subsections]
    return {"text": text, "subsections": parts}


def honest(asked: Asked) -> JsonObject:
    """A section that holds to everything: it meets its points, cites what it is given, and has its
    words."""
    said = [f"This part meets point {letters(point)}." for point in asked.points]
    cited = [
        f"{prose(f'{asked.title} {number}', 9)[:-1]} [@{number}]." for number, _ in asked.claims[:2]
    ]
    lines = " ".join([*said, *cited])
    left = asked.words - len(re.sub(r"\[@\d+\]", "", lines).split())
    share = left // (len(asked.subsections) + 1)
    begin = prose(asked.title, left - share * len(asked.subsections))
    parts = (
        (title, prose(f"{asked.title} {title}", share - len(title.split())))
        for title in asked.subsections
    )
    return written(f"{lines} {begin}".strip(), *parts)


def letters(point: str) -> str:
    """What a paper without numbers calls a requirement."""
    return "-".join(_LETTERS[int(digit)] for digit in str(crc32(point.encode()) % 1000))


def some_sentences(text: str) -> Sequence[JsonObject]:
    """A claim for each of the first five sentences of four words or more."""
    found = (part.strip() for part in re.split(r"(?<=\.)\s+|\n\n", text))
    return [claim(one) for one in found if len(one.split()) > 3][:5]


def judged(points: Mapping[int, str], sections: Mapping[int, str]) -> list[JsonObject]:
    """A point is met where a section says so."""
    found = []
    for number, point in points.items():
        sentence = f"This part meets point {letters(point)}."
        home = next((n for n, text in sections.items() if sentence in text), 0)
        found.append(
            {
                "requirement": number,
                "met": bool(home),
                "section": home or 1,
                "sentence": sentence if home else "",
                "why": "It says so." if home else "Nothing says so.",
            }
        )
    return found


def planned(words: int, count: int, points: Sequence[int]) -> JsonObject:
    """An outline of sections of one size, each point in one of them."""
    sections = [
        {
            "title": TITLES[number],
            "purpose": f"Shows {TITLES[number].lower()}.",
            "words": words // count,
            "subsections": [],
            "claims": [f"{TITLES[number]} matter."],
            "requirements": [one for one in points if (one - 1) % count == number],
        }
        for number in range(count)
    ]
    labels = {
        "abstract": "Kurzfassung",
        "references": "Quellen",
        "table": "Tabelle",
        "cites_nothing": "Dieser Text nennt keine Quellen.",
    }
    return {"voice": "We, present tense.", "glossary": [], "labels": labels, "sections": sections}


@dataclass
class Author:
    """A script for the model server. What a test changes is what is answered from then on."""

    plan: Callable[[int, int, Sequence[int]], JsonObject] = planned
    claims: Callable[[str], Sequence[JsonObject]] = some_sentences
    write: Callable[[Asked], JsonObject] = honest
    judge: Callable[[Mapping[int, str], Mapping[int, str]], list[JsonObject]] = judged
    edits: Callable[[], list[JsonObject]] = list
    front: Callable[[int], JsonObject] = field(
        default=lambda words: {"title": "On harbours", "abstract": prose("abstract", words)}
    )

    def __call__(self, _: int, body: Body) -> Response:
        return completion(json.dumps(self._answer(form_of(body), body["messages"][1]["content"])))

    def _answer(self, form: str, user: str) -> JsonObject:
        own = user.partition("<<data-")[0]
        if form == "Plan":
            count, words = map(int, re.findall(r"About (\d+) sections, (\d+) words", own)[0])
            return self.plan(words, count, list(_points(own)))
        if form == "Placement":
            placed = [{"requirement": number, "sections": [1]} for number in _points(own)]
            return {"placed": placed}
        if form == "Reading":
            return {"claims": list(self.claims(_material(user, "source")))}
        if form == "Written":
            return self.write(_asked(own, user))
        if form == "Judgement":
            sections = {int(n): text for n, text in _materials(user, r"section (\d+)")}
            return {"requirements": self.judge(_points(own), sections)}
        if form == "Edits":
            return {"edits": self.edits()}
        return self.front(int(re.findall(r"an abstract of (\d+) words", own)[0]))


@dataclass
class Papers:
    """Where papers are written for one user."""

    app: AppUnderTest
    owner: StoredUser = field(default_factory=user)
    author: Author = field(default_factory=Author)

    def __post_init__(self) -> None:
        self.model.reset(self.author)

    @property
    def model(self) -> ModelServer:
        return self.app.model

    def use(self, **settings: str) -> None:
        """Go on under these settings."""
        self.app = self.app.another(**settings)

    def asked(self, form: str) -> list[Body]:
        """The calls so far that asked for this."""
        return [body for body in self.model.bodies if form_of(body) == form]

    async def open(self, files: Mapping[str, bytes] | None = None, **task_data: Any) -> StartInput:
        """A ticket for a paper, with these files."""
        given = [NewFile(name, InMemory(memoryview(data))) for name, data in (files or {}).items()]
        batch = (
            self.app.attachments.batch(await examine(given, 10_000_000, now())) if given else None
        )
        data = {"topic": "How a harbour works", "length": 1000, **task_data}
        body = {"title": "T", "task_type": "paper_writing", "task_data": data}
        opened = await self.app.ticket_opening.open_ticket(
            by(self.owner), validate_model(NewTicket, body), None, batch
        )
        return order_of(opened.ticket)

    async def write(self, files: Mapping[str, bytes] | None = None, **task_data: Any) -> JsonObject:
        """The result of a ticket with these files."""
        return await self.result(await self.open(files, **task_data))

    async def result(self, order: StartInput) -> JsonObject:
        """The result of a ticket, which must come to one."""
        end = await run(self.app.activities, order)
        assert end["kind"] == "done", end
        return (await shown(self.app, order)).result_data

    async def failure(self, files: Mapping[str, bytes] | None = None, **task_data: Any) -> str:
        """Why a ticket with these files fails."""
        end = await run(self.app.activities, await self.open(files, **task_data))
        assert end["kind"] == "failure", end
        return str(end["reason"])

    async def file(self, order: StartInput, form: str, *, partial: bool = False) -> bytes:
        """The result in this form."""
        query = ResultQuery(format=form, partial=partial)
        found = await self.app.ticket_queries.result(by(self.owner), order["ticket_id"], query)
        return found.content

    def attempt(self, order: StartInput) -> Attempt:
        return Attempt(self.app.container, order["ticket_id"], order["attempt"])


def _points(text: str) -> dict[int, str]:
    """The requirements that are listed, by number."""
    _, _, listed = text.partition("# Requirements")
    listed = listed.partition("\n# ")[0]
    return {int(n): point for n, point in re.findall(r"^(\d+)\. (.*)$", listed, re.MULTILINE)}


def _materials(user: str, name: str) -> list[tuple[str, str]]:
    found = re.findall(rf"<<(data-\w+) {name}>>\n(.*?)\n<</\1>>", user, re.DOTALL)
    return [(one[1], one[-1]) for one in found]


def _material(user: str, name: str) -> str:
    return "\n\n".join(text for _, text in _materials(user, name))


def _asked(own: str, user: str) -> Asked:
    title, words = re.findall(r"# The section to write\n(.*): (\d+) words", own)[0]
    _, _, below = own.partition("# The section to write")
    _, _, subsections = below.partition("Subsections, in this order:\n")
    claims = re.findall(r"^\[@(\d+)\] (.*)$", _material(user, "claims of the sources"), re.M)
    _, _, listed = own.partition("# Requirements that this section meets")
    _, again, faults = own.partition("# Write it again")
    return Asked(
        title=title,
        words=int(words),
        subsections=re.findall(r"^- (.*)$", subsections.partition("\n\n")[0], re.MULTILINE),
        points=re.findall(r"^- (.*)$", listed.partition("\n\n")[0], re.MULTILINE),
        claims=[(int(number), text) for number, text in claims],
        again=bool(again),
        faults=faults,
    )
