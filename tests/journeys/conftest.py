"""What journeys share."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

from tests.support.running_app import RunningApp


@pytest.fixture(scope="module")
def blobs(running_app: RunningApp) -> Iterator[BlobServiceClient]:
    """Storage as somebody with its key sees it, with what people drop files into: a deployment
    makes that."""
    with BlobServiceClient.from_connection_string(running_app.storage.upstream) as service:
        with suppress(ResourceExistsError):
            service.create_container("uploads")
        yield service
