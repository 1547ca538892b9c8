"""Where storage is."""

from dataclasses import dataclass, field

from shared.errors import SettingsError
from shared.settings.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSettings:
    """A connection string, or three addresses and the app's identity."""

    connection_string: str = field(default="", repr=False)
    table_uri: str = ""
    blob_uri: str = ""
    queue_uri: str = ""


def read_storage(env: Environment) -> StorageSettings:
    name = "STORAGE_CONNECTION"
    connection = env.text(name)
    if connection == "UseDevelopmentStorage=true" or "AccountName=" in connection:
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
