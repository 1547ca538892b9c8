"""Whether a change of an SVG is only a picture: by an allow-list, as there are many ways to put a
script or an address into one."""

import re

from shared.diffs.changes import FileDiff
from shared.diffs.patches import LineKind


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SHAPES = _words(
    "svg g path rect circle ellipse line polyline polygon defs lineargradient radialgradient stop "
    "clippath mask pattern symbol title desc text tspan"
)
_ATTRIBUTES = _words(
    "xmlns xmlns:xlink version id class role aria-label aria-hidden aria-labelledby focusable d x "
    "y x1 y1 x2 y2 cx cy r rx ry dx dy fx fy width height viewbox points offset transform "
    "preserveaspectratio gradientunits gradienttransform patternunits patterntransform clip-path "
    "clip-rule mask fill fill-rule fill-opacity stroke stroke-width stroke-linecap "
    "stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset stroke-opacity opacity "
    "stop-color stop-opacity color display overflow enable-background font-family font-size "
    "font-weight text-anchor letter-spacing xml:space"
)
_HEAD = re.compile(
    r'<\?xml version="1\.[01]"(?: encoding="utf-8")?(?: standalone="(?:yes|no)")? ?\?>'
    r"|<!--[\w\s.,:/()-]*-->",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"""([\w:-]+)=("[^"<>&]*"|'[^'<>&]*')""")
_TAG = re.compile(r"</?([\w:.-]+)|/?>")
_TEXT = re.compile(r"[\w\s.,:;!?%#-]*")
_ACTS = re.compile(r"url\s*\((?!\s*#)|script|import|//(?!www\.w3\.org/)", re.IGNORECASE)


def is_plain_picture(diff: FileDiff) -> bool:
    """Whether all lines that the change adds hold shapes, and nothing that could act."""
    lines = (line for hunk in diff.hunks for line in hunk.lines)
    return all(_is_plain(line.text) for line in lines if line.kind is LineKind.ADDED)


def _is_plain(text: str) -> bool:
    text = _HEAD.sub("", text)
    names = {name.lower() for name, _ in _ATTRIBUTE.findall(text)}
    rest = _ATTRIBUTE.sub("", text)
    tags = {name.lower() for name in _TAG.findall(rest) if name}
    return (
        names <= _ATTRIBUTES
        and tags <= _SHAPES
        and _TEXT.fullmatch(_TAG.sub("", rest)) is not None
        and _ACTS.search(text) is None
    )
