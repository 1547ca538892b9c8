"""Every exception that an installed package can raise, so that a new one is not overlooked."""

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import suppress


def exceptions_of(package: str) -> list[type[Exception]]:
    """Those that are defined in `package` or a module of it, by name; modules that need what is
    not installed are left out, and warnings."""
    path = getattr(importlib.import_module(package), "__path__", ())
    for module in pkgutil.walk_packages(path, f"{package}.", onerror=lambda _: None):
        with suppress(Exception):
            importlib.import_module(module.name)
    own = {
        kind
        for kind in _subclasses(Exception)
        if f"{kind.__module__}.".startswith(f"{package}.") and not issubclass(kind, Warning)
    }
    return sorted(own, key=lambda kind: (kind.__name__, kind.__module__))


def blank(kind: type[Exception]) -> Exception:
    """One of this kind that says nothing, however much its constructor wants to know."""
    for values in ((), ("",)):
        with suppress(Exception):
            return kind(*values)
    return kind.__new__(kind)


def _subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    for one in kind.__subclasses__():
        yield one
        yield from _subclasses(one)
