"""What a paper must do, in points that can be checked one by one."""

from shared.statements.prose import sentences, with_newlines

MAX_POINTS = 60


def points(requirements: str) -> list[str]:
    """The sentences, items and lines of a text of requirements, each once, on one line."""
    text = with_newlines(requirements)
    found = (" ".join(text[one.start : one.end].split()) for one in sentences(text))
    return list(dict.fromkeys(point for point in found if any(map(str.isalnum, point))))
