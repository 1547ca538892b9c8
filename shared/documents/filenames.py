"""What a file may be called. A name is shown to people and goes into headers and blob paths, so one
that could leave its place or pretend to be another is refused, never guessed at."""

import re
import unicodedata
from urllib.parse import unquote

from shared.errors import Invalid

MAX_NAME_BYTES = 255
_MAX_DECODINGS = 3

# Marks that reorder text (a name that ends in "fdp.exe" backwards), or that nobody can see.
_UNSEEN = re.compile("[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")
_AWKWARD = re.compile(r'[<>:"|?*]')


def safe_name(given: str) -> str:
    """The name under which a file called `given` is kept: in composed form (NFC), without white
    space around it, and with `_` for characters that some file systems do not take.

    Raises Invalid, saying what is wrong with the name.
    """
    fault = next(filter(None, map(_fault, _decodings(given))), None)
    name = _AWKWARD.sub("_", unicodedata.normalize("NFC", given).strip())
    if fault is None and (not name or not name.strip(". ")):
        fault = "is empty"
    if fault is None and len(name.encode()) > MAX_NAME_BYTES:
        fault = f"is longer than {MAX_NAME_BYTES} bytes"
    if fault is not None:
        text = f"The file name {fault}; please choose another name."
        raise Invalid(text, [{"loc": ["filename"], "msg": f"it {fault}", "type": "filename"}])
    return name


def _decodings(given: str) -> list[str]:
    """The name, and what readers that undo percent-encoding could take it for."""
    seen = [given]
    for _ in range(_MAX_DECODINGS):
        seen.append(unquote(seen[-1]))
    return seen


def _fault(name: str) -> str | None:
    if "/" in name or "\\" in name:
        return "contains a path"
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        return "contains control characters"
    if _UNSEEN.search(name):
        return "contains invisible characters"
    stem = name.strip()
    if stem.endswith("."):
        return "ends with a dot"
    if _DEVICE.fullmatch(stem):
        return "is reserved"
    return None
