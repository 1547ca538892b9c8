"""Blob storage beside the app, as somebody with its key sees it."""

import json

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from tests.support.running_app import JsonObject


def exists(blobs: BlobServiceClient, container: str, name: str) -> bool:
    return bool(blobs.get_blob_client(container, name).exists())


def reason(blobs: BlobServiceClient, path: str) -> JsonObject | None:
    try:
        text = blobs.get_blob_client("rejected", f"{path}.reason.json").download_blob().readall()
    except ResourceNotFoundError:
        return None
    found: JsonObject = json.loads(text)
    return found
