"""How much the stand-in does for one answer, so that no schema keeps all other callers waiting."""

from collections.abc import Iterator
from typing import Any

from jsonschema.validators import extend

_MAX_STEPS = 50_000


class TooManyStepsError(Exception):
    """Whatever else may be possible, it is not looked for."""


class Steps:
    """What one answer may take."""

    def __init__(self) -> None:
        self._left = _MAX_STEPS

    def take(self) -> None:
        """One step. Raises TooManyStepsError."""
        self._left -= 1
        if self._left < 0:
            raise TooManyStepsError

    def bound(self, kind: Any) -> Any:
        """`kind` of validator, for which each keyword is a step."""

        def count(check: Any) -> Any:
            def counted(*asked: Any) -> Iterator[Any]:
                self.take()
                yield from check(*asked) or ()

            return counted

        checks = {word: count(check) for word, check in kind.VALIDATORS.items()}
        return extend(kind, checks)  # type: ignore[no-untyped-call]
