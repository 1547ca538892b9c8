"""Where storage is."""

from base64 import b64decode
from dataclasses import dataclass, field

from shared.errors import SettingsError
from shared.settings.environment import Environment, split_connection

EMULATOR = "UseDevelopmentStorage=true"
"""The connection string of Azurite at its own ports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSettings:
    """A connection string, or three addresses and the app's identity."""

    connection_string: str = field(default="", repr=False)
    table_uri: str = ""
    blob_uri: str = ""
    queue_uri: str = ""

    @property
    def address(self) -> str:
        """Where its blobs are; without keys."""
        if not self.connection_string:
            return self.blob_uri
        if self.connection_string == EMULATOR:
            return "http://127.0.0.1:10000/devstoreaccount1"
        named = split_connection(self.connection_string)
        suffix = named.get("endpointsuffix", "core.windows.net")
        made = f"https://{named.get('accountname', '')}.blob.{suffix}"
        return named.get("blobendpoint", made).rstrip("/")


def is_emulator(connection: str) -> bool:
    """Whether a connection string means Azurite, as people and tools write it."""
    return split_connection(connection).get("usedevelopmentstorage", "").lower() == "true"


def read_storage(env: Environment) -> StorageSettings:
    name = "STORAGE_CONNECTION"
    connection = env.text(name)
    if is_emulator(connection):
        return StorageSettings(connection_string=EMULATOR)
    if _is_complete(split_connection(connection)):
        return StorageSettings(connection_string=connection)
    if connection:
        raise SettingsError(f"The setting {name} is no storage connection string.")
    account = env.text(f"{name}__accountName")
    table = env.address(f"{name}__tableServiceUri")
    blob = env.address(f"{name}__blobServiceUri")
    queue = env.address(f"{name}__queueServiceUri")
    if account:
        table = table or f"https://{account}.table.core.windows.net"
        blob = blob or f"https://{account}.blob.core.windows.net"
        queue = queue or f"https://{account}.queue.core.windows.net"
    if not (table and blob and queue):
        raise SettingsError(
            f"The setting {name} is missing: put a storage connection string there, or set "
            f"{name}__accountName to use the app's identity."
        )
    return StorageSettings(table_uri=table, blob_uri=blob, queue_uri=queue)


def _is_complete(named: dict[str, str]) -> bool:
    """Whether the SDKs find an account and a key in it."""
    if "sharedaccesssignature" in named:
        return "accountname" in named or {"blobendpoint", "tableendpoint"} <= named.keys()
    try:
        key = b64decode(named.get("accountkey", ""), validate=True)
    except ValueError:
        return False
    return bool(named.get("accountname") and key)
