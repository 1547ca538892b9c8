"""The page for people: static files, over the public API alone."""

import json
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func

from functions.composition import product
from functions.http import matches
from functions.registration import endpoint
from shared.errors import NotFound

_PAGE = Path(__file__).parent / "console_page"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}

bp = df.Blueprint(http_auth_level=func.AuthLevel.ANONYMOUS)


@endpoint(
    bp,
    "GET",
    "console",
    tag="about",
    request_headers=("If-None-Match",),
    response_headers=("ETag",),
    media=("text/html",),
    public=True,
)
async def console(req: func.HttpRequest) -> func.HttpResponse:
    """The page for people: their tickets, live; what goes on, for managers and administrators."""
    return _answer(req, _index(), ".html")


@endpoint(
    bp,
    "GET",
    "console/{file}",
    tag="about",
    request_headers=("If-None-Match",),
    response_headers=("ETag",),
    media=("text/javascript", "text/css"),
    public=True,
)
async def console_file(req: func.HttpRequest) -> func.HttpResponse:
    """A part of that page."""
    name = req.route_params["file"]
    if name not in _files():
        raise NotFound("There is no such file.")
    return _answer(req, _files()[name], Path(name).suffix)


def _answer(req: func.HttpRequest, content: bytes, suffix: str) -> func.HttpResponse:
    """Asked for each time, so that the parts of two versions never meet; mostly answered by 304."""
    etag = f'"{sha256(content).hexdigest()[:24]}"'
    headers = {"Cache-Control": "no-cache", "ETag": etag, "Content-Security-Policy": _policy()}
    if matches(req.headers.get("If-None-Match", ""), etag):
        return func.HttpResponse(status_code=304, headers=headers)
    return func.HttpResponse(content, headers=headers, mimetype=_TYPES[suffix])


@cache
def _files() -> dict[str, bytes]:
    """The parts of the page but for the page itself; `vendor/` is not in their addresses."""
    paths = [*_PAGE.glob("*.js"), *_PAGE.glob("*.css"), *_PAGE.glob("vendor/*.js")]
    return {path.name: path.read_bytes() for path in paths}


@cache
def _index() -> bytes:
    """The page, with what it must know to sign in with Microsoft Entra ID."""
    entra = product().settings.accounts.entra
    known = json.dumps(entra.sign_in) if entra and entra.client_id else ""
    page = (_PAGE / "index.html").read_text(encoding="utf-8")
    return page.replace("{entra}", escape(known)).encode()


@cache
def _policy() -> str:
    settings = product().settings
    entra = settings.accounts.entra
    partners = ("'self'", settings.realtime.websocket_origin, entra.authority if entra else "")
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        f"connect-src {' '.join(filter(None, partners))}; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
