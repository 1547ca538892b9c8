"""What all of GitHub's REST API has in common: pages, ETags, the rate limit, forms of a file."""

import base64
import hashlib
import re
import time
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from infra.local.github.repository import Entry

_RAW = "application/vnd.github.raw+json"
_MOST_A_PAGE = 100
_MOST_ENCODED_BYTES = 1024 * 1024
_WINDOW_SECONDS = 3600


class Rate:
    """Calls left in the hour; an answer that nothing has changed is free."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._reset = time.time() + _WINDOW_SECONDS

    @property
    def is_used_up(self) -> bool:
        if time.time() >= self._reset:
            self._used, self._reset = 0, time.time() + _WINDOW_SECONDS
        return self._used >= self._limit

    def describe(self) -> dict[str, Any]:
        """What `/rate_limit` says, which counts for nothing."""
        core = {
            "limit": self._limit,
            "remaining": 0 if self.is_used_up else self._limit - self._used,
            "used": self._used,
            "reset": int(self._reset),
        }
        return {"resources": {"core": core}, "rate": core}

    def headers(self, counts: bool) -> dict[str, str]:
        self._used = min(self._limit, self._used + counts)
        return {
            "x-ratelimit-limit": str(self._limit),
            "x-ratelimit-remaining": str(self._limit - self._used),
            "x-ratelimit-used": str(self._used),
            "x-ratelimit-reset": str(int(self._reset)),
            "x-ratelimit-resource": "core",
        }


def origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _number(text: str, default: int) -> int:
    return int(text) if re.fullmatch(r"[1-9]\d{0,5}", text) else default


def paged(request: Request, items: list[Any]) -> tuple[list[Any], dict[str, str]]:
    """The items of the page that was asked for, and its `Link` header."""
    size = min(_number(request.query_params.get("per_page", ""), 30), _MOST_A_PAGE)
    number = _number(request.query_params.get("page", ""), 1)
    last = max(1, -(-len(items) // size))
    near = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
    links = [
        f'<{request.url.include_query_params(per_page=size, page=page)}>; rel="{name}"'
        for name, page in near.items()
        if 1 <= page <= last and page != number
    ]
    headers = {"Link": ", ".join(links)} if links else {}
    return items[(number - 1) * size : number * size], headers


def entry_json(entry: Entry) -> dict[str, Any]:
    kind = {"blob": "file", "tree": "dir", "commit": "submodule", "link": "symlink"}[entry.kind]
    name = entry.path.rpartition("/")[2]
    return {"type": kind, "name": name, "path": entry.path, "sha": entry.sha}


def blob_answer(request: Request, content: bytes, about: dict[str, Any]) -> Response:
    """Raw or in JSON, as `Accept` asks; JSON holds no content of more than 1 MB."""
    accept = request.headers.get("accept", "")
    if "github.raw" in accept or "github.v3.raw" in accept:
        return Response(content, media_type=f"{_RAW}; charset=utf-8")
    is_small = len(content) <= _MOST_ENCODED_BYTES
    encoded = base64.encodebytes(content).decode() if is_small else ""
    encoding = "base64" if is_small else "none"
    size = {"size": len(content), "encoding": encoding, "content": encoded}
    return JSONResponse(about | size)


def conditional(request: Request, response: Response) -> Response:
    """The answer with its ETag, or 304 to whoever has it already."""
    if request.method != "GET" or response.status_code != 200:
        return response
    etag = f'"{hashlib.sha256(bytes(response.body)).hexdigest()}"'
    headers = {"ETag": f"W/{etag}"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response


async def refuse_path(request: Request, error: Exception) -> Response:
    """For what this stand-in has not."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    message = f"{request.method} {request.url.path} is not served by this stand-in"
    return JSONResponse({"message": message}, status)
