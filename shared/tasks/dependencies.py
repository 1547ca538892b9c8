"""What task types need, by class: the app's own services, and what types bring with them.

A class that the app does not know is made by its `from_environment`, which gets all settings: so a
type outside this repository has settings, and a client, of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, Self, TypeVar, cast, runtime_checkable

from shared.errors import PermanentFailure, SettingsError

T = TypeVar("T")


class Provider(Protocol):
    """Hands out what a task type needs, by its class: one object a process."""

    def __call__(self, need: type[T], /) -> T: ...


@runtime_checkable
class FromEnvironment(Protocol):
    """Can be made of the settings."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises SettingsError, which names the setting that is missing or bad."""


class Dependencies:
    """Makes each of them once, when it is first used. `known` is by the name of the class, so that
    none is imported for a type that does not use it."""

    def __init__(
        self, known: Mapping[str, Callable[[], object]], environment: Mapping[str, str]
    ) -> None:
        self._known = known
        self._environment = environment
        self._made: dict[type, object] = {}

    def provider(self, needs: Sequence[type]) -> Provider:
        """Hands out these, and nothing else."""

        def use(need: type[T]) -> T:
            if need not in needs:
                raise TypeError(f"{need.__name__} is not among the needs of this task type.")
            try:
                return self._provide(need)
            except SettingsError as error:
                raise PermanentFailure(str(error)) from None

        return use

    def find_fault(self, needs: Sequence[type]) -> str | None:
        """Why a type with these needs cannot work: a sentence that names the setting."""
        try:
            for need in needs:
                self._provide(need)
        except SettingsError as error:
            return str(error)
        return None

    def _provide(self, need: type[T]) -> T:
        if need not in self._made:
            self._made[need] = self._make(need)
        return cast(T, self._made[need])

    def _make(self, need: type[T]) -> object:
        make = self._known.get(f"{need.__module__}.{need.__qualname__}")
        if make is not None:
            return make()
        if issubclass(need, FromEnvironment):
            return need.from_environment(self._environment)
        raise TypeError(f"Nothing makes a {need.__name__}: it has no from_environment.")
