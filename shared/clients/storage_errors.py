"""What the Azure SDKs raise when a service is away, told in our own words."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from azure.core.exceptions import (
    AzureError,
    DeserializationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ResourceNotModifiedError,
)

from shared.errors import Unavailable

T = TypeVar("T")

_ABOUT_THE_RESOURCE = (
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ResourceNotModifiedError,
)
# Rights of an identity take minutes to count, and its service can be away as storage can.
_WAITABLE = (401, 403, 408, 429)


async def translate_errors(call: Callable[[], Awaitable[T]]) -> T:
    """Run `call`; storage, or the app's identity, being away becomes Unavailable. What storage
    says of a request that it understood stays as it is."""
    try:
        return await call()
    except (AzureError, DeserializationError) as error:
        if _is_answer(error):
            raise
        raise Unavailable("Storage is away at the moment; please try again.") from error


def _is_answer(error: Exception) -> bool:
    if isinstance(error, _ABOUT_THE_RESOURCE):
        return True
    status = error.status_code if isinstance(error, HttpResponseError) else None
    return status is not None and 400 <= status < 500 and status not in _WAITABLE
