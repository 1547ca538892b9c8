"""The state folder of a copy of the app: what is kept from start to start, for its owner's eyes."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from infra.local.errors import StartError


class StateError(StartError):
    """The folder cannot be used."""


@dataclass(frozen=True)
class Secrets:
    """What is made up for a state folder and kept there, so that a restart knows its users."""

    secret_key: str
    admin_password: str
    webpubsub_key: str
    audit_key: str

    @classmethod
    def of(cls, state: Path) -> "Secrets":
        """Those of the folder, each made when it is first needed, readable by its owner only.

        Raises StateError.
        """
        path = state / "secrets.json"
        kept = _read_secrets(path, {field.name for field in fields(cls)})
        made = {
            "secret_key": secrets.token_hex(32),
            "admin_password": secrets.token_urlsafe(12),
            "webpubsub_key": secrets.token_hex(32),
            "audit_key": secrets.token_hex(32),
        }
        own = cls(**made | kept)
        if asdict(own) != kept:
            write_private(path, json.dumps(asdict(own)))
        return own


def _read_secrets(path: Path, names: set[str]) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        kept = json.loads(path.read_text())
    except ValueError:
        kept = None
    if not isinstance(kept, dict) or not all(
        name in names and isinstance(value, str) for name, value in kept.items()
    ):
        raise StateError(f"{path} is damaged: remove it to have new secrets, or the whole folder.")
    return kept


def make_state(text: str) -> Path:
    """The folder of this name, made if there is none. Raises StateError for one that cannot be
    written."""
    if not text.strip():
        raise StateError("The state folder has no name: say STATE=.local, or leave it out.")
    state = Path(os.path.realpath(text))  # Path.resolve raises for links in a circle.
    try:
        state.mkdir(parents=True, exist_ok=True)
        probe = state / "writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        reason = "it is a file" if os.path.isfile(state) else f"{error.strerror}"  # noqa: PTH113
        raise StateError(
            f"The state folder {state} cannot be used ({reason}): name another one by STATE=…"
        ) from error
    return state


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, at no time anybody else."""
    partial = path.with_suffix(".new")
    partial.unlink(missing_ok=True)  # One that a crash left has the mode that it was made with.
    opened = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w") as file:
        file.write(text)
    partial.replace(path)
