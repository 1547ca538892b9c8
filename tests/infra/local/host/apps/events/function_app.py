"""Blob functions that are told by Event Grid: one takes the blob's client, one its content."""

import json
import os
import time
from pathlib import Path
from typing import Any

import azure.functions as func
import azurefunctions.extensions.bindings.blob as blob

app = func.FunctionApp()
folder = Path(os.environ["RUNS_FOLDER"])
GRID = func.BlobSource.EVENT_GRID


def _note(**what: Any) -> None:
    with (folder / "runs").open("a") as runs:
        runs.write(json.dumps(what) + "\n")


@app.blob_trigger("client", "%BOX%/in/{name}", "STORE", source=GRID)
def take(client: blob.BlobClient) -> None:
    found = client.download_blob().readall()
    _note(function="take", name=client.blob_name, content=found.decode())
    if found == b"fail":
        raise ValueError("no luck")
    while found == b"wait" and not (folder / "gate").exists():
        time.sleep(0.01)


@app.blob_trigger("content", "%BOX%/streams/{name}", "STORE", source=GRID)
def stream(content: func.InputStream) -> None:
    _note(
        function="stream",
        name=content.name,
        content=content.read().decode(),
        properties=sorted(content.blob_properties),
    )


@app.blob_trigger("content", "%BOX%/polled/{name}", "STORE")
def polled(content: func.InputStream) -> None:
    _note(function="polled", name=content.name, content=content.read().decode())
