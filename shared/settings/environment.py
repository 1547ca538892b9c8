"""Typed values out of environment variables."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from shared.errors import SettingsError

_TRUE = {"true", "1", "yes", "on"}
_FALSE = {"false", "0", "no", "off"}


class Environment:
    """Reads typed values; every complaint names the setting and what belongs there."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str, default: str = "") -> str:
        return self._values.get(name, "").strip() or default

    def list(self, name: str) -> tuple[str, ...]:
        """What is separated by commas."""
        return tuple(part.strip() for part in self.text(name).split(",") if part.strip())

    def require_text(self, name: str, advice: str) -> str:
        value = self.text(name)
        if not value:
            raise SettingsError(f"The setting {name} is missing: {advice}")
        return value

    def number(self, name: str, default: float, least: float, limit: float = float("inf")) -> float:
        text = self.text(name, str(default))
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= limit or value == float("inf"):
            also = f" and at most {limit:.10g}" if limit < float("inf") else ""
            raise SettingsError(f"The setting {name} must be a number of at least {least:g}{also}.")
        return value

    def integer(self, name: str, default: int, least: int, limit: float = float("inf")) -> int:
        value = self.number(name, default, least, limit)
        if value != int(value):
            raise SettingsError(f"The setting {name} must be a whole number.")
        return int(value)

    def flag(self, name: str, *, default: bool) -> bool:
        text = self.text(name, str(default)).lower()
        if text not in _TRUE | _FALSE:
            raise SettingsError(f"The setting {name} must be true or false.")
        return text in _TRUE

    def address(self, name: str) -> str:
        """Of a service, below which paths of ours go."""
        value = self.full_address(name)
        if re.search("[?#]", value):
            raise SettingsError(f"The setting {name} must be a web address without a query.")
        return value

    def full_address(self, name: str) -> str:
        """Of what is asked as it stands, also with a query."""
        value = self.text(name)
        if value and not _is_address(value):
            raise SettingsError(f"The setting {name} must be a web address (https://…).")
        return value.rstrip("/")


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_whole and parts.scheme in ("http", "https") and re.search(r"\s", text) is None


def strip_secrets(address: str) -> str:
    """An address as anybody may see it: without who signs in, and without a query."""
    return re.sub(r"//[^/@]*@", "//", address.partition("?")[0])


def split_connection(text: str) -> dict[str, str]:
    """The parts of a connection string, `Name=value;…`, by their names in lower case."""
    parts = [part.partition("=") for part in text.split(";")]
    return {name.strip().lower(): value.strip() for name, _, value in parts}
