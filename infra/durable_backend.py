"""`python3 -m infra.durable_backend`: writes into host.json which backend keeps the workflows.

azd runs it before it packs the code. Azure's scale controller reads the host.json that is deployed,
and none of the settings that take its place in the host (AzureFunctionsJobHost__…): told by those
alone, it would watch queues in which nothing lies, and no instance would come for a workflow.
"""

import json
import os
from pathlib import Path

_HOST = Path(__file__).parents[1] / "host.json"
_SCHEDULER = {
    "type": "azureManaged",
    "connectionStringName": "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
}
_BACKENDS: dict[str, dict[str, str]] = {"AzureStorage": {}, "DurableTaskScheduler": _SCHEDULER}


def name_backend(host: str, backend: str) -> str:
    """The text of host.json with this backend, a value of `durableBackend` in infra/main.bicep; the
    values that only Azure Storage heeds stay, so that there is a way back. Raises SystemExit."""
    if backend not in _BACKENDS:
        raise SystemExit(f"DURABLE_BACKEND must be one of {', '.join(_BACKENDS)}, not {backend}")
    values = json.loads(host)
    durable = values["extensions"]["durableTask"]
    kept = {k: v for k, v in durable["storageProvider"].items() if k not in _SCHEDULER}
    durable["storageProvider"] = _BACKENDS[backend] | kept
    return json.dumps(values, indent=2) + "\n"


def main() -> None:
    backend = os.environ.get("DURABLE_BACKEND") or "AzureStorage"
    _HOST.write_text(name_backend(_HOST.read_text(encoding="utf-8"), backend), encoding="utf-8")


if __name__ == "__main__":
    main()
