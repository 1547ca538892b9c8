"""What a blob function is called with: an InputStream, bytes or text, or a client of the SDK."""

import json
import typing
from dataclasses import dataclass
from typing import Any

from azure.functions.meta import Datum

from infra.local.host.converters import is_sdk_type, sdk_types, trigger_value
from infra.local.host.functions import Function

NO_TIME = "0001-01-01T00:00:00+00:00"
"""What .NET has for a time that is not set."""


@dataclass(frozen=True)
class BlobReference:
    """What Azure's host hands over of a blob where the parameter is a client of the SDK."""

    content: str
    version: str = "1.0"
    source: str = "AzureStorageBlobs"
    content_type: str = "application/json"


def wanted_type(function: Function) -> Any:
    """The annotation of the blob's parameter, None when there is none."""
    return typing.get_type_hints(function.handler).get(function.parameter)


def wants_client(function: Function) -> bool:
    """Whether the function takes a client, to which no content is handed."""
    return is_sdk_type(wanted_type(function))


def client_value(function: Function, connection: str, container: str, blob: str) -> Any:
    """The SDK's client that the parameter wants. `connection` is the name of a setting."""
    names = {"Connection": connection, "ContainerName": container, "BlobName": blob}
    datum = Datum(BlobReference(json.dumps(names)), "model_binding_data")
    converter = sdk_types().get(function.kind)
    return converter.decode(datum, trigger_metadata=None, pytype=wanted_type(function))


def content_value(function: Function, content: bytes, path: str, url: str, properties: Any) -> Any:
    """The blob with its content as the parameter wants it; `properties` are the SDK's."""
    wanted = wanted_type(function)
    if wanted is bytes:
        return content
    if wanted is str:
        return content.decode()
    return trigger_value(
        function.kind,
        Datum(content, "bytes"),
        BlobTrigger=path,
        Uri=url,
        Properties=_properties(properties),
        Metadata=properties.metadata,
    )


def _properties(blob: Any) -> dict[str, Any]:
    """The names that .NET's BlobProperties has, with what Python's has of them."""
    settings, copy, lease = blob.content_settings, blob.copy, blob.lease
    return {
        "LastModified": _time(blob.last_modified),
        "CreatedOn": _time(blob.creation_time),
        "Metadata": blob.metadata,
        "ObjectReplicationDestinationPolicyId": blob.object_replication_destination_policy,
        "ObjectReplicationSourceProperties": blob.object_replication_source_properties or [],
        "BlobType": _text(blob.blob_type),
        "CopyCompletedOn": _time(copy.completion_time),
        "CopyStatusDescription": copy.status_description,
        "CopyId": copy.id,
        "CopyProgress": copy.progress,
        "CopySource": copy.source,
        "CopyStatus": copy.status,
        "BlobCopyStatus": copy.status,
        "IsIncrementalCopy": bool(copy.incremental_copy),
        "DestinationSnapshot": copy.destination_snapshot,
        "LeaseDuration": lease.duration,
        "LeaseState": lease.state,
        "LeaseStatus": lease.status,
        "ContentLength": blob.size,
        "ContentType": settings.content_type,
        "ETag": blob.etag,
        "ContentHash": settings.content_md5.hex() if settings.content_md5 else None,
        "ContentEncoding": settings.content_encoding,
        "ContentDisposition": settings.content_disposition,
        "ContentLanguage": settings.content_language,
        "CacheControl": settings.cache_control,
        "BlobSequenceNumber": blob.page_blob_sequence_number or 0,
        "AcceptRanges": "bytes",
        "BlobCommittedBlockCount": blob.append_blob_committed_block_count or 0,
        "IsServerEncrypted": bool(blob.server_encrypted),
        "EncryptionKeySha256": blob.encryption_key_sha256,
        "EncryptionScope": blob.encryption_scope,
        "AccessTier": _text(blob.blob_tier),
        "AccessTierInferred": bool(blob.blob_tier_inferred),
        "ArchiveStatus": blob.archive_status,
        "AccessTierChangedOn": _time(blob.blob_tier_change_time),
        "VersionId": blob.version_id,
        "IsLatestVersion": bool(blob.is_current_version),
        "TagCount": blob.tag_count or 0,
        "ExpiresOn": NO_TIME,
        "IsSealed": bool(blob.is_append_blob_sealed),
        "RehydratePriority": blob.rehydrate_priority,
        "LastAccessed": _time(blob.last_accessed_on),
        "ImmutabilityPolicy": None,
        "HasLegalHold": bool(blob.has_legal_hold),
    }


def _time(moment: Any) -> str:
    return moment.isoformat() if moment else NO_TIME


def _text(member: Any) -> str | None:
    return None if member is None else str(getattr(member, "value", member))
