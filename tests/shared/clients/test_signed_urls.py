"""Addresses at which whoever has them may do one thing with one blob for a while."""

from urllib.parse import parse_qs, urlsplit

import pytest
from azure.storage.blob import BlobSasPermissions
from azure.storage.blob.aio import BlobServiceClient

from shared.clients.signed_urls import sign_url
from tests.support.product.clock import now

KEY = "AccountName=devstoreaccount1;AccountKey=a2V5;BlobEndpoint="


@pytest.mark.parametrize(
    ("endpoint", "protocol"),
    [
        ("https://devstoreaccount1.blob.core.windows.net", "https"),
        ("https://127.0.0.1:10000/devstoreaccount1", "https"),
        ("http://127.0.0.1:10000/devstoreaccount1", "https,http"),
        ("http://localhost:10000/devstoreaccount1", "https,http"),
        ("http://[::1]:10000/devstoreaccount1", "https,http"),
        ("http://azurite:10000/devstoreaccount1", "https"),
        ("http://10.0.0.4:10000/devstoreaccount1", "https"),
        ("http://127.0.0.1.example:10000/devstoreaccount1", "https"),
        ("http://devstoreaccount1.blob.core.windows.net", "https"),
    ],
)
async def test_only_storage_on_this_machine_is_asked_without_encryption(
    endpoint: str, protocol: str
) -> None:
    async with BlobServiceClient.from_connection_string(KEY + endpoint) as service:
        blob = service.get_blob_client("uploads", "a.txt")
        url = await sign_url(service, blob, BlobSasPermissions(write=True), now())
    assert parse_qs(urlsplit(url).query)["spr"] == [protocol]
