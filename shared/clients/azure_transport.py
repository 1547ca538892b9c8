"""The transport of the Azure SDKs, with a span for each request: retries are requests, too."""

from collections.abc import Mapping
from typing import Any

from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
from yarl import URL

from shared.telemetry.spans import Service, outside_call


class ObservedTransport(AioHttpTransport):  # type: ignore[misc]
    """Sends to one service, within the times of `patience`, in seconds."""

    def __init__(self, service: Service, patience: Mapping[str, Any]) -> None:
        times = {name: patience[name] for name in ("connection_timeout", "read_timeout")}
        super().__init__(**times)
        self._service = service

    async def send(self, request: HttpRequest, **config: Any) -> AsyncHttpResponse:
        with outside_call(self._service, request.method, URL(request.url).host) as call:
            response: AsyncHttpResponse = await super().send(request, **config)
            call.note_answer(response.status_code)
            return response
