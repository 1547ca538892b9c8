"""Names of classes of exceptions, which are told where their texts are not."""

_MAX = 100


def name_class(kind: type[BaseException]) -> str:
    """The name of a class, or of the nearest above it that has one as code has: a class that was
    made at run time may be named for what it is about."""
    return next(one.__name__ for one in kind.__mro__ if _is_name(one.__name__))


def _is_name(text: str) -> bool:
    return len(text) <= _MAX and text.isascii() and text.isidentifier()
