"""Addresses at which whoever has them may do one thing with one blob for a while."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from azure.storage.blob import BlobSasPermissions, generate_blob_sas
from azure.storage.blob.aio import BlobClient, BlobServiceClient

from shared.clients.storage_errors import translate_errors

_CLOCKS = timedelta(minutes=5)  # Ours and storage's may differ.


async def sign_url(
    service: BlobServiceClient,
    blob: BlobClient,
    permission: BlobSasPermissions,
    until: datetime,
    *,
    disposition: str | None = None,
    content_type: str | None = None,
) -> str:
    """The address of a blob; `disposition` and `content_type` are the headers that storage is to
    answer with in place of the blob's own. Raises Unavailable."""
    signature = generate_blob_sas(
        str(blob.account_name),
        blob.container_name,
        blob.blob_name,
        permission=permission,
        expiry=until,
        content_disposition=disposition,
        content_type=content_type,
        protocol=_protocol(blob),
        **await _signer(service, until),
    )
    return f"{blob.url}?{signature}"


def _protocol(blob: BlobClient) -> str:
    """Whoever sees an unencrypted request may do what the address allows: only a storage on this
    machine is asked so."""
    address = urlsplit(blob.url)
    is_local = address.scheme == "http" and _is_loopback(address.hostname or "")
    return "https,http" if is_local else "https"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _signer(service: BlobServiceClient, until: datetime) -> dict[str, Any]:
    """With an identity there is no account key; storage gives one that ends soon."""
    key = getattr(service.credential, "account_key", None)
    if key:
        return {"account_key": key}
    start = datetime.now(UTC) - _CLOCKS
    return {
        "user_delegation_key": await translate_errors(
            lambda: service.get_user_delegation_key(start, until)
        )
    }
