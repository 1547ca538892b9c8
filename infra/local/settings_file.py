"""local.settings.json and host.json, as Azure's tools read them: with comments, and with numbers
and truth values where texts belong."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import json5

from infra.local.errors import StartError
from infra.local.serving import MAX_PORT, parse_port

NAME = "local.settings.json"
DEFAULT_PORT = 7071
_MAX_VARIABLE = 128 * 1024
"""Bytes of an environment variable that Linux hands on to a child, with its name."""


class SettingsFileError(StartError):
    """A file of settings cannot be read, or is not what it should be."""


@dataclass(frozen=True)
class LocalSettings:
    """What local.settings.json says: the settings, where to serve, and for pages of whom."""

    values: dict[str, str] = field(default_factory=dict)
    port: int = DEFAULT_PORT
    cors: tuple[str, ...] = ()
    cors_credentials: bool = False


def read_local_settings(folder: Path) -> LocalSettings:
    """What the file says, the defaults if there is none. Raises SettingsFileError."""
    path = folder / NAME
    if not path.exists():
        return LocalSettings()
    content = read_json_object(path)
    if content.get("IsEncrypted"):
        raise SettingsFileError(f"{path} is encrypted; only plain ones are read here.")
    if "Values" not in content:
        raise SettingsFileError(
            f'{path} has no "Values": put the settings there, as local.settings.sample.json does, '
            "or remove the file."
        )
    host = _read_section(path, content, "Host")
    return LocalSettings(
        values=_read_values(path, _read_section(path, content, "Values")),
        port=_read_port(path, host.get("LocalHttpPort", DEFAULT_PORT)),
        cors=split_origins(_read_text(path, "Host.CORS", host.get("CORS", ""))),
        cors_credentials=bool(host.get("CORSCredentials", False)),
    )


def read_json_object(path: Path) -> dict[str, Any]:
    """JSON as Azure's host reads it, which takes comments and trailing commas; empty if there is no
    such file. Raises SettingsFileError."""
    try:
        content = json5.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsFileError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split()).replace("<string>:", "line ")
        raise SettingsFileError(f"{path} is not JSON: {reason or type(error).__name__}.") from error
    if not isinstance(content, dict):
        raise SettingsFileError(f"{path} holds no JSON object.")
    return content


def split_origins(text: str) -> tuple[str, ...]:
    """Origins that are separated by commas."""
    return tuple(origin.strip() for origin in text.split(",") if origin.strip())


def _read_section(path: Path, content: dict[str, Any], name: str) -> dict[str, Any]:
    section = content.get(name, {})
    if not isinstance(section, dict):
        raise SettingsFileError(f'{path}: "{name}" must be an object of names and values.')
    return section


def _read_values(path: Path, section: dict[str, Any]) -> dict[str, str]:
    return {
        name: _read_text(path, name, value) for name, value in section.items() if value is not None
    }


def _read_text(path: Path, name: str, value: Any) -> str:
    if isinstance(value, dict | list):
        raise SettingsFileError(
            f"{path}: {name} must be a text; JSON goes there between quotation marks."
        )
    text = value if isinstance(value, str) else json.dumps(value)
    if not _fits_environment(name, text):
        raise SettingsFileError(f"{path}: {name[:50]!r} cannot be an environment variable.")
    return text


def _fits_environment(name: str, text: str) -> bool:
    try:
        size = len(os.fsencode(f"{name}={text}"))
    except UnicodeEncodeError:
        return False
    return bool(name) and "=" not in name and "\0" not in name + text and size < _MAX_VARIABLE


def _read_port(path: Path, value: Any) -> int:
    port = parse_port(str(value))
    if not port:
        raise SettingsFileError(f"{path}: Host.LocalHttpPort must be 1 to {MAX_PORT}.")
    return port
