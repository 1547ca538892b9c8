"""Markdown that does nothing but show text, whatever a model or a document put into it: no HTML,
no image that is fetched when it is shown, no link that runs something.

What is code is left as it is, and only what every reader of Markdown takes for code: blocks between
fences that begin a line. Anything subtler is for readers to disagree about.
"""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

_FENCE = re.compile(r"(`{3,}(?=[^`]*$)|~{3,})")
_MARKUP = re.compile(r"[\\`*_<>\[\]#|~&]|!(?=\[)|^[-+]|(?<=^\d)[.)]|(?<=^\d\d)[.)]")
_HTML = re.compile(r"<(?=[A-Za-z/!?])")
# The target of a link whose scheme is none of these, however it is spelled.
_TARGET = re.compile(
    r"(\]\(\s*|\]:\s*)(?!(?:https?|mailto):)[A-Za-z][A-Za-z0-9+.-]*\\?:", re.IGNORECASE
)
# What some readers take for a fence, in a list or a quotation perhaps.
_MAYBE_FENCE = re.compile(r"^[ \t>*+\-\d.)]*(?:`{3}|~{3})", re.MULTILINE)
_SPAN = re.compile(r"(?<!`)(`[^`]+`)(?!`)")
_CALL = re.compile(r"@(?=[A-Za-z0-9])|#(?=[0-9])")
_BLOCK_FENCE = re.compile(
    r"(?P<indent>[ \t]{0,8})(?P<fence>`{3,}|~{3,})[ \t]*(?P<kind>[\w+#.-]{0,30})[ \t]*$"
)
_ITEM = re.compile(r"(?P<indent>[ \t]*)(?P<mark>[-*+]|\d{1,3}[.)])[ \t]+(?P<text>\S.*)$")
_INDENT, _MAX_DEPTH = "   ", 3
_UNSEEN = "\u200b"
_MAX_UNESCAPED = 8


def inert(text: str) -> str:
    """`text` with everything active in it made visible instead."""
    parts = [part if is_code else _tame_text(part) for part, is_code in _parts(text)]
    # One fence more turns what is code into text, and the other way round.
    sure = not any(_MAYBE_FENCE.search(part) for part in parts[::2])
    return "".join(parts) if sure else _tame_text(text)


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """The parts of `text`, and whether each is fenced code."""
    part: list[str] = []
    fence = ""
    for line in re.split(r"(?<=\n)|(?<=\r)(?!\n)", text):
        if not fence:
            opened = _FENCE.match(line.rstrip("\r\n"))
            if opened:
                yield "".join(part), False
                part, fence = [], opened[1]
            part.append(line)
            continue
        part.append(line)
        if re.fullmatch(rf" {{0,3}}{fence[0]}{{{len(fence)},}}[ \t]*", line.rstrip("\r\n")):
            yield "".join(part), True
            part, fence = [], ""
    yield "".join(part), bool(fence)


def _tame_text(text: str) -> str:
    # Entities within entities: what is harmless when unescaped once may be a tag the next time.
    for _ in range(_MAX_UNESCAPED):
        if (plain := html.unescape(text)) == text:
            break
        text = plain
    else:
        text = text.replace("&", "&amp;")  # Nobody writes so but to tire; shown as it is.
    text = _TARGET.sub(r"\1#", text.replace("![", "["))
    return _HTML.sub("&lt;", text)


def plain(text: str) -> str:
    """`text` on one line, as Markdown that shows it letter by letter."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))


def prose(text: str) -> str:
    """`text` as Markdown that shows its paragraphs letter by letter, but for `names` between single
    backticks: those stay code."""
    paragraphs = (" ".join(part.split()) for part in re.split(r"\n[ \t\r]*\n", text))
    return "\n\n".join(_with_spans(part) for part in paragraphs if part)


class _Block(NamedTuple):
    """A paragraph, an item of a list behind its `mark`, or code."""

    text: str
    mark: str = ""
    is_code: bool = False


def structure(text: str) -> str:
    """`text` as Markdown that keeps its paragraphs, its lists and its blocks of code, and shows
    everything else letter by letter, but for `names` between single backticks."""
    shown, was_item = "", False
    for block in _read_blocks(text):
        line = block.text if block.is_code else _with_spans(" ".join(block.text.split()))
        shown += ("\n" if was_item and block.mark else "\n\n") + block.mark + line
        was_item = bool(block.mark)
    return shown.lstrip("\n")


def _read_blocks(text: str) -> list[_Block]:
    blocks: list[_Block] = []
    depth, is_open = -1, False  # Whether the next line goes on with the last block.
    lines = iter(text.splitlines())
    for line in lines:
        fence, item = _BLOCK_FENCE.match(line), _ITEM.match(line)
        if fence:
            blocks.append(_Block(_take_code(lines, fence), is_code=True))
            depth, is_open = -1, False
        elif item:
            depth = min(len(item["indent"].expandtabs(4)) // 2, depth + 1, _MAX_DEPTH)
            mark = "-" if item["mark"] in "-*+" else f"{item['mark'][:-1]}."
            blocks.append(_Block(item["text"], f"{_INDENT * depth}{mark} "))
            is_open = True
        elif not line.strip():
            is_open = False
        elif is_open:
            blocks[-1] = blocks[-1]._replace(text=f"{blocks[-1].text} {line}")
        else:
            blocks.append(_Block(line))
            depth, is_open = -1, True
    return blocks


def _take_code(lines: Iterator[str], fence: re.Match[str]) -> str:
    """The lines up to the end of a block of code, or of all, as a block of code."""
    code = []
    for line in lines:
        closing = line.strip()
        if closing.startswith(fence["fence"]) and not closing.strip(fence["fence"][0]):
            break
        code.append(line.removeprefix(fence["indent"]))
    return fence_code("\n".join(code), fence["kind"])


def _with_spans(text: str) -> str:
    parts = _SPAN.split(text)
    return "".join(
        part if number % 2 else _MARKUP.sub(r"\\\g<0>", part) for number, part in enumerate(parts)
    )


def quiet(text: str) -> str:
    """`text` that calls nobody and links to no issue where GitHub shows it: a mention outside of
    code is broken by a space of no width."""
    return "".join(
        part if is_code else _CALL.sub(rf"\g<0>{_UNSEEN}", part) for part, is_code in _parts(text)
    )


def cut(text: str, limit: int, end: str) -> str:
    """`text` of at most `limit` characters: a longer one ends with a whole line, out of any code,
    and then with `end`."""
    if len(text) <= limit:
        return text
    kept = text[: limit - len(end)]
    kept = kept[: kept.rfind("\n") + 1]
    *_, (part, is_code) = _parts(kept)
    return f"{kept.removesuffix(part) if is_code else kept}{end}"


def fence_code(text: str, kind: str = "") -> str:
    """`text` as a block of code, whatever fences it holds itself."""
    runs = re.findall(r"`{3,}", text)
    fence = "`" * max(3, *(len(run) + 1 for run in runs), 3)
    return f"{fence}{kind}\n{text}\n{fence}"
