"""What a step raised, told without its text, which may hold content. Light to import."""


class RaisedAloneError(Exception):
    """A step raised `kind` in the process in which it ran alone."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def name_fault(error: Exception) -> str:
    """The class of what was raised, by which a fault is told: its text may hold content."""
    return error.kind if isinstance(error, RaisedAloneError) else type(error).__name__
