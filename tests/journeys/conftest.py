"""What journeys share."""

from collections.abc import Iterator

import pytest
from azure.storage.blob import BlobServiceClient

from tests.world import World


@pytest.fixture(scope="module")
def blobs(world: World) -> Iterator[BlobServiceClient]:
    """Storage as somebody with its key sees it."""
    with BlobServiceClient.from_connection_string(world.storage.upstream) as service:
        yield service
