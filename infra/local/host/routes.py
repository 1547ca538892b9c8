"""Route templates of HTTP functions, matched as ASP.NET routing does for Azure Functions.

Case and a trailing slash do not matter, and of several parameters in a segment the first takes as
much as it can. https://learn.microsoft.com/aspnet/core/fundamentals/routing
"""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

ARGUMENT = r"(?:[^()\\]|\\.|\([^()]*\))*"
PARAMETER = re.compile(
    rf"\{{(\*{{0,2}})(\w+)((?::[^:{{}}()=?]+(?:\({ARGUMENT}\))?)*)(=[^{{}}?]*)?(\?)?\}}"
)
CONSTRAINT = re.compile(rf":([^:()]+)(?:\(({ARGUMENT})\))?")


def _parses(convert: Callable[[str], Any]) -> Callable[[str], bool]:
    def fits(value: str) -> bool:
        try:
            convert(value)
        except ValueError:
            return False
        return True

    return fits


def _integer(bits: int) -> Callable[[str], bool]:
    bound = 2 ** (bits - 1)

    def fits(value: str) -> bool:
        return bool(re.fullmatch(r"[+-]?\d+", value)) and -bound <= int(value) < bound

    return fits


def _length(argument: str) -> Callable[[str], bool]:
    bounds = [int(part) for part in argument.split(",")]
    return lambda value: bounds[0] <= len(value) <= bounds[-1]


def _range(argument: str) -> Callable[[str], bool]:
    low, high = (int(part) for part in argument.split(","))
    return lambda value: _integer(64)(value) and low <= int(value) <= high


CONSTRAINTS: dict[str, Callable[[str], Callable[[str], bool]]] = {
    "alpha": lambda _: lambda value: bool(re.fullmatch(r"[A-Za-z]*", value)),
    "bool": lambda _: lambda value: value.lower() in ("true", "false"),
    "datetime": lambda _: _parses(datetime.fromisoformat),
    "decimal": lambda _: _parses(float),
    "double": lambda _: _parses(float),
    "float": lambda _: _parses(float),
    "guid": lambda _: _parses(uuid.UUID),
    "int": lambda _: _integer(32),
    "long": lambda _: _integer(64),
    "length": _length,
    "minlength": lambda argument: lambda value: len(value) >= int(argument),
    "maxlength": lambda argument: lambda value: len(value) <= int(argument),
    "min": lambda argument: lambda value: _integer(64)(value) and int(value) >= int(argument),
    "max": lambda argument: lambda value: _integer(64)(value) and int(value) <= int(argument),
    "range": _range,
    "regex": lambda argument: lambda value: bool(re.search(argument, value, re.IGNORECASE)),
    "required": lambda _: bool,
}


class RouteError(ValueError):
    """The template cannot be understood."""


@dataclass(frozen=True)
class Template:
    """A compiled route template."""

    text: str
    pattern: re.Pattern[str]
    checks: dict[str, list[Callable[[str], bool]]]
    defaults: dict[str, str]

    def match(self, path: str) -> dict[str, str] | None:
        """The route's values in a decoded path without its leading slash, or None."""
        found = self.pattern.fullmatch(path.removesuffix("/"))
        if not found:
            return None
        values = dict(self.defaults)
        values |= {k: v for k, v in found.groupdict().items() if v}
        fits = all(
            check(values[name])
            for name, checks in self.checks.items()
            if name in values
            for check in checks
        )
        return values if fits else None


def check_route(route: str) -> None:
    """Raises RouteError for what the platform takes for its own, under any prefix.

    https://github.com/Azure/azure-functions-host/issues/1781
    """
    if route.strip("/").lower().startswith(("admin", "runtime")):
        raise RouteError("the platform keeps routes that begin so for itself")


def compile_template(text: str) -> Template:
    """Compile `items/{id:int}/{rest?}`. Raises RouteError for what is no template."""
    pattern = ""
    checks: dict[str, list[Callable[[str], bool]]] = {}
    defaults: dict[str, str] = {}
    for segment in _split(text):
        expression, optional = _segment(segment, checks, defaults)
        slash = "/" if pattern else ""
        pattern += f"(?:{slash}{expression})?" if optional else slash + expression
    return Template(text, re.compile(pattern, re.IGNORECASE | re.DOTALL), checks, defaults)


def _split(text: str) -> list[str]:
    """The segments of a template; a slash inside braces divides nothing."""
    parts, depth = [""], 0
    for char in text:
        depth += (char == "{") - (char == "}")
        if char == "/" and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part for part in parts if part]


def _segment(
    segment: str, checks: dict[str, list[Callable[[str], bool]]], defaults: dict[str, str]
) -> tuple[str, bool]:
    """Expression, and whether the segment may be left out."""
    expression, optional, end = "", False, 0
    for found in PARAMETER.finditer(segment):
        star, name, constraints, default, mark = found.groups()
        expression += re.escape(segment[end : found.start()])
        expression += f"(?P<{name}>.*)" if star else f"(?P<{name}>[^/]+)"
        checks[name] = [_constraint(c, segment) for c in CONSTRAINT.finditer(constraints)]
        if default:
            defaults[name] = default[1:]
        optional = optional or bool(star or mark or default)
        end = found.end()
    literal = segment[end:]
    if "{" in literal or "}" in literal:
        raise RouteError(f"'{segment}' is no route segment")
    return expression + re.escape(literal), optional


def _constraint(found: re.Match[str], segment: str) -> Callable[[str], bool]:
    name, argument = found.groups()
    if name.lower() not in CONSTRAINTS:
        raise RouteError(f"'{segment}' has the unknown constraint '{name}'")
    try:
        return CONSTRAINTS[name.lower()](argument or "")
    except ValueError as error:
        raise RouteError(f"'{segment}' has a constraint that cannot be read") from error
