"""Request targets as ASP.NET reads them: percent escapes, dot segments, query strings."""

import re

_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_SLASH = re.compile(r"(%2[Ff])")


def decode_path(path: str) -> str:
    """The path decoded; `%2F` and escapes of bytes that are not UTF-8 stay as they are."""
    if "%" not in path:
        return path
    parts = _SLASH.split(path)
    parts[::2] = map(decode_escapes, parts[::2])
    return "".join(parts)


def decode_escapes(text: str) -> str:
    """The text decoded; escapes of bytes that are not UTF-8 stay as they are."""
    return _ESCAPES.sub(lambda found: _decode_run(found[0]), text)


def _decode_run(escapes: str) -> str:
    decoded = ""
    while escapes:
        raw = bytes.fromhex(escapes.replace("%", ""))
        try:
            return decoded + raw.decode()
        except UnicodeDecodeError as error:
            decoded += raw[: error.start].decode() + escapes[3 * error.start : 3 * error.end]
            escapes = escapes[3 * error.end :]
    return decoded


def resolve_dots(path: str) -> str:
    """The absolute path without its `.` and `..` segments, also where they are escaped."""
    if "/." not in path and "/%2" not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        plain = re.sub("%2e", ".", segment, flags=re.IGNORECASE)
        if plain == "..":
            del kept[-1:]
        elif plain != ".":
            kept.append(segment)
    if plain in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def query_values(query: str) -> dict[str, str]:
    """The query's values by name; repeated names, whatever their case, are folded with commas.

    A name without a value is left out.
    """
    values: dict[str, str] = {}
    spelling: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = (decode_escapes(part.replace("+", " ")) for part in pair.partition("="))
        first = spelling.setdefault(name.lower(), name)
        values[first] = f"{values[first]},{value}" if first in values else value
    return {name: value for name, value in values.items() if value}
