"""A pull request for people: what it changes, and what reviews say."""

from collections.abc import Iterable
from html import escape
from typing import Any

from starlette.responses import HTMLResponse, Response

from infra.local.github.pulls import Present

_STYLE = "body{font:15px sans-serif;max-width:60em;margin:2em auto}pre{background:#f4f4f4;padding:1em;overflow:auto}"  # noqa: E501


def pull_page(
    now: Present,
    said: Iterable[dict[str, Any]],
    reviews: Iterable[dict[str, Any]],
    comments: Iterable[dict[str, Any]],
) -> Response:
    """Nothing on the page is anything but text."""
    parts = [f"<h1>{escape(now.pull.title)}</h1>", _text(now.pull.body)]
    for one in said:
        parts += [f"<h2 id=issuecomment-{one['id']}>Comment</h2>", _text(one["body"])]
    for review in reviews:
        parts += [f"<h2 id=pullrequestreview-{review['id']}>Review</h2>", _text(review["body"])]
    for comment in comments:
        place = f"{comment['path']}, line {comment['line'] or 'of an earlier version'}"
        parts += [f"<h3 id=discussion_r{comment['id']}>{escape(place)}</h3>"]
        parts += [_text(comment["body"])]
    for change in now.changes:
        parts += [f"<h2>{escape(change.path)} ({change.status})</h2>", _text(change.patch or "")]
    return HTMLResponse(
        f"<!doctype html><meta charset=utf-8><title>{escape(now.pull.title)}</title>"
        f"<style>{_STYLE}</style>{''.join(parts)}",
        headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"},
    )


def _text(text: str) -> str:
    return f"<pre>{escape(text)}</pre>" if text else ""
