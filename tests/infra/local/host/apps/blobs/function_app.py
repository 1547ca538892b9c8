"""Blob functions that note what they are given."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import azure.functions as func

app = func.FunctionApp()
folder = Path(os.environ["RUNS_FOLDER"])


def _note(**what: Any) -> None:
    with (folder / "runs").open("a") as runs:
        runs.write(json.dumps(what) + "\n")


@app.blob_trigger(arg_name="blob", path="%BOX%/in/{name}", connection="STORE")
def stream(blob: func.InputStream) -> None:
    content = blob.read().decode()
    _note(
        function="stream",
        name=blob.name,
        uri=blob.uri,
        length=blob.length,
        metadata=blob.metadata,
        type=(blob.blob_properties or {}).get("ContentType"),
        content=content,
    )
    if content == "fail":
        raise ValueError("no luck")
    if content == "leave":
        sys.exit(3)
    while content == "wait" and not (folder / "gate").exists():
        time.sleep(0.01)


@app.blob_trigger(arg_name="text", path="%BOX%/text/{name}.txt", connection="STORE")
def as_text(text: str) -> None:
    _note(function="as_text", content=text)


@app.blob_trigger(
    arg_name="content", path="%BOX%/raw/{name}", connection="STORE", data_type="binary"
)
async def as_bytes(content: bytes) -> None:
    _note(function="as_bytes", content=list(content))


@app.blob_trigger(arg_name="blob", path="%BOX%-later", connection="STORE")
def whole_container(blob: func.InputStream) -> None:
    _note(function="whole_container", name=blob.name)
