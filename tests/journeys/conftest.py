"""What journeys share."""

from collections.abc import Iterator

import pytest
from azure.storage.blob import BlobServiceClient

from tests.support.running_app import RunningApp


@pytest.fixture(scope="module")
def blobs(running_app: RunningApp) -> Iterator[BlobServiceClient]:
    """Storage as somebody with its key sees it."""
    with BlobServiceClient.from_connection_string(running_app.storage.upstream) as service:
        yield service
