"""Of what people are told, as much as may be told of it elsewhere."""

_MAX = 200


def first_sentence(text: str) -> str:
    """What comes first says what happened; what follows may name things of the ticket."""
    return f"{text.partition('. ')[0].rstrip('.')[:_MAX]}."


def make_line(given: object, longest: int = 2_000) -> str:
    """A text as one line that can be stored; of what is none, nothing."""
    if not isinstance(given, str):
        return ""
    return " ".join(given[:longest].encode(errors="replace").decode().split())
