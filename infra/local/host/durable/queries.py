"""Which instances a request asks for. What cannot be read is ignored, as in Azure."""

import base64
import binascii
from datetime import UTC, datetime

from starlette.requests import Request

from infra.local.host.durable.records import Filter, Instance, Status

PAGE_SIZE = 100
_STATUSES = {str(status): status for status in Status}


class Page:
    """The part of a list that a request asks for: at most `size` instances from id `first` on."""

    def __init__(self, request: Request) -> None:
        top = request.query_params.get("top", "")
        self.size = int(top) if top.isdecimal() else PAGE_SIZE
        self.first = _decoded(request.headers.get("x-ms-continuation-token", ""))

    def token_before(self, following: Instance) -> str:
        """The continuation token of the page that begins with `following`."""
        return base64.b64encode(following.id.encode()).decode()


def filter_of(request: Request) -> Filter:
    """What the query asks for."""
    query = request.query_params
    given = [text.strip() for text in query.get("runtimeStatus", "").split(",")]
    return Filter(
        prefix=query.get("instanceIdPrefix", ""),
        created_from=_time(query.get("createdTimeFrom", "")),
        created_to=_time(query.get("createdTimeTo", "")),
        statuses=tuple(_STATUSES[text] for text in given if text in _STATUSES),
    )


def _decoded(token: str) -> str:
    try:
        return base64.b64decode(token, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
