"""Of what people are told, as much as may be told of it elsewhere."""

_MAX = 200


def first_sentence(text: str) -> str:
    """What comes first says what happened; what follows may name things of the ticket."""
    return f"{text.partition('. ')[0].rstrip('.')[:_MAX]}."
