"""What the Azure SDKs raise when a service is away, told in our own words."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

from shared.errors import Unavailable

T = TypeVar("T")


async def translate_errors(call: Callable[[], Awaitable[T]]) -> T:
    """Run `call`; storage being away becomes Unavailable, anything else stays as it is."""
    try:
        return await call()
    except ClientAuthenticationError:
        raise
    except (ServiceRequestError, ServiceResponseError) as error:
        raise Unavailable("Storage is away at the moment; please try again.") from error
    except HttpResponseError as error:
        status = error.status_code or 503
        if status >= 500 or status in (408, 429):
            raise Unavailable("Storage is away at the moment; please try again.") from error
        raise
