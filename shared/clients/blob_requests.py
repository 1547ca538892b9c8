"""Small blobs of one container as single requests, and what storage says of them.

The SDK makes a client for each blob and several objects of each answer, and reads a blob piece by
piece, which took more than half of the processor time of such a call. Its pipeline still signs,
sends and tries again what is asked here, and names what went wrong.
https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api
"""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from azure.core.exceptions import HttpResponseError
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.storage.blob._shared.response_handlers import process_storage_error
from azure.storage.blob.aio import ContainerClient

_JSON = {
    "x-ms-blob-type": "BlockBlob",
    "x-ms-blob-content-type": "application/json; charset=utf-8",
    "Content-Type": "application/octet-stream",
}
_LOG = {"x-ms-blob-type": "AppendBlob", "Content-Length": "0", "If-None-Match": "*"}
_LINE = {"Content-Type": "application/octet-stream"}


class BlobRequests:
    """Requests about blobs of a container, by name. All raise what the SDK does."""

    def __init__(self, container: ContainerClient) -> None:
        self._address, _, self._query = container.url.partition("?")
        self._version = {"x-ms-version": container.api_version}
        # What signs, sends and tries again: the SDK shows nobody this part of a client.
        self._pipeline: Any = container._pipeline

    async def read(self, name: str) -> tuple[bytes, str]:
        """The whole blob and its ETag. Raises ResourceNotFoundError."""
        response = await self._send("GET", name)
        return response.content, response.headers["ETag"]

    async def put(self, name: str, content: bytes, conditions: dict[str, str]) -> str:
        """Store JSON under `conditions`: its ETag. Raises ResourceExistsError,
        ResourceModifiedError, ResourceNotFoundError."""
        response = await self._send("PUT", name, _JSON | conditions, content)
        return str(response.headers["ETag"])

    async def open_log(self, name: str) -> None:
        """Make an empty log. Raises ResourceExistsError."""
        await self._send("PUT", name, _LOG)

    async def append(self, name: str, content: bytes) -> None:
        """Add to the end of a log. Raises ResourceNotFoundError."""
        await self._send("PUT", name, _LINE, content, action="comp=appendblock")

    async def _send(
        self,
        method: str,
        name: str,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
        *,
        action: str = "",
    ) -> AsyncHttpResponse:
        query = "&".join(filter(None, (action, self._query)))
        address = f"{self._address}/{quote(name, safe='~/')}{'?' if query else ''}{query}"
        given = self._version | (headers or {})
        request = HttpRequest(method, address, headers=given, content=content)
        ran = await self._pipeline.run(request, stream=True)
        response: AsyncHttpResponse = ran.http_response
        await response.read()  # Also where nothing is in it: until then the connection is taken.
        if response.status_code not in (HTTPStatus.OK, HTTPStatus.CREATED):
            process_storage_error(HttpResponseError(response=response))
        return response
