"""Papers as the stand-in writes them: it understands as little of them as of anything else, but
keeps to the length, the outline, the claims and the requirements that it is given, without which a
paper shows nothing. Between the claims stand sentences that say nothing.
"""

import re
from collections.abc import Callable
from random import Random
from typing import Any

_ADJECTIVES = (
    "careful early simple shared quiet common clear regular narrow open steady useful local "
    "plain broad formal direct patient modest visible"
)
_NOUNS = (
    "plan record review notice request party service answer team document schedule duty check "
    "report decision process question method change reader"
)
_VERBS = (
    "supports follows explains precedes completes guides limits answers opens closes describes "
    "joins shapes frames helps mirrors recalls settles begins extends"
)
_ADVERBS = "again here often first later together openly carefully promptly fully"
_LABELS = {
    "abstract": "Abstract",
    "references": "References",
    "table": "Table",
    "cites_nothing": "This paper cites no sources.",
}
_TITLES = (
    "Purpose and Scope", "The Parties and Their Part", "How the Work Is Done", "What It Takes",
    "Duties on Both Sides", "When Things Go Wrong", "Keeping Track", "Changes over Time",
    "How It Ends", "Open Questions", "Outlook", "Terms in Use",
)  # fmt: skip

Json = dict[str, Any]


def write(form: str, user: str) -> Json | None:
    """The answer of this form to what the user says; None for a form that is not of papers."""
    own = user.partition("\n\n<<")[0]
    author = _FORMS.get(form)
    if author is None:
        return None
    try:
        return author(own, user)
    except (IndexError, ValueError):  # Somebody else's form of that name.
        return None


def _plan(own: str, _: str) -> Json:
    count, words = map(int, re.findall(r"About (\d+) sections, (\d+) words", own)[-1])
    points = list(_points(own))
    sections = [
        {
            "title": _title(number),
            "purpose": f"Tells the reader of {_title(number).lower()}.",
            "words": words // count,
            "subsections": [],
            "claims": [],
            "requirements": [point for point in points if (point - 1) % count == number],
        }
        for number in range(count)
    ]
    voice = "The third person, the present tense."
    return {"voice": voice, "glossary": [], "labels": _LABELS, "sections": sections}


def _placement(own: str, _: str) -> Json:
    return {"placed": [{"requirement": number, "sections": [1]} for number in _points(own)]}


def _written(own: str, user: str) -> Json:
    title, words = re.findall(r"# The section to write\n(.*): (\d+) words", own)[-1]
    subsections = re.findall(
        r"^- (.*)$", own.partition("Subsections, in this order:\n")[2].partition("\n\n")[0], re.M
    )
    claims = re.findall(r"^\[@(\d+)\] (.*)$", _material(user, "claims of the sources"), re.M)
    asked = [f"This part turns to what was asked for: {point}" for point in _required(own)]
    cited = [f"{_ended(text)} [@{number}]." for number, text in claims]
    room = int(words) - len(" ".join(subsections).split())
    while cited and _length([*asked, *cited]) > room // 2:
        cited.pop()
    left = room - _length([*asked, *cited])
    share = left // (len(subsections) + 1)
    begin = filler(title, left - share * len(subsections))
    parts = [{"title": one, "text": filler(f"{title} {one}", share)} for one in subsections]
    paragraphs = [*asked, *cited, begin]
    return {"text": "\n\n".join(filter(None, paragraphs)), "subsections": parts}


def _judgement(own: str, user: str) -> Json:
    """A requirement is met where a sentence of a section has most of its words."""
    sections = re.findall(r"<<(data-\w+) section (\d+)>>\n(.*?)\n<</\1>>", user, re.S)
    found = []
    for number, point in _points(own).items():
        sentences = [
            (len(_words(point) & _words(one)), int(section), one.strip())
            for _, section, text in sections
            for one in re.split(r"(?<=[.!?])\s+|\n\n", text)
        ]
        shared, section, sentence = max(sentences, default=(0, 1, ""), key=lambda one: one[0])
        met = shared > 0 and shared * 2 >= len(_words(point))
        why = "It turns to it." if met else "No sentence has its words."
        said = {"requirement": number, "met": met, "section": section}
        found.append({**said, "sentence": sentence if met else "", "why": why})
    return {"requirements": found}


def _edits(_: str, __: str) -> Json:
    return {"edits": []}


def _front(own: str, _: str) -> Json:
    words = int(re.findall(r"an abstract of (\d+) words", own)[-1])
    topic = own.partition("# Topic\n")[2].partition("\n")[0]
    return {"title": topic, "abstract": filler("abstract", words)}


_FORMS: dict[str, Callable[[str, str], Json]] = {
    "Plan": _plan,
    "Placement": _placement,
    "Written": _written,
    "Judgement": _judgement,
    "Edits": _edits,
    "Front": _front,
}


def filler(seed: str, words: int) -> str:
    """So many words that say nothing, in sentences that no other seed has."""
    chance = Random(seed)  # noqa: S311 - the same words for the same section
    sentences = []
    while words > 0:
        made = _sentence(chance)[: max(words, 0)]
        sentences.append(f"{' '.join(made).capitalize()}.")
        words -= len(made)
    return " ".join(sentences)


def _sentence(chance: Random) -> list[str]:
    def pick(words: str) -> str:
        return chance.choice(words.split())

    return [
        *("the", pick(_ADJECTIVES), pick(_NOUNS), pick(_VERBS), "each", pick(_ADJECTIVES)),
        *(pick(_NOUNS), pick("where while as"), pick(_NOUNS), pick(_VERBS), pick(_ADVERBS)),
    ]


def _points(text: str) -> dict[int, str]:
    """The requirements that are listed, by number."""
    listed = text.partition("# Requirements")[2].partition("\n# ")[0]
    return {int(n): point for n, point in re.findall(r"^(\d+)\. (.*)$", listed, re.M)}


def _required(text: str) -> list[str]:
    """The requirements that a section is to meet."""
    listed = text.partition("# Requirements that this section meets")[2].partition("\n\n")[0]
    return re.findall(r"^- (.*)$", listed, re.M)


def _material(user: str, name: str) -> str:
    found = re.findall(rf"<<(data-\w+) {name}>>\n(.*?)\n<</\1>>", user, re.S)
    return "\n\n".join(text for _, text in found)


def _title(number: int) -> str:
    turn = number // len(_TITLES)
    return _TITLES[number % len(_TITLES)] + (f", Part {'I' * (turn + 1)}" if turn else "")


def _ended(text: str) -> str:
    return text.rstrip(" .;:")


def _length(paragraphs: list[str]) -> int:
    return len(re.sub(r"\[@\d+\]", "", " ".join(paragraphs)).split())


def _words(text: str) -> set[str]:
    return {word.lower() for word in re.findall(r"\w{4,}", text)}
