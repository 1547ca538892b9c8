"""What is around Microsoft's worker library in Azure: each request of the host is handed to the
library's handler, and its answer goes back. Here both go through a pipe.

    python -m tests.worker.driver FILE_DESCRIPTOR     # on Python 3.13, in the app's folder
"""

import asyncio
import sys
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime

from tests.worker import protos


async def serve(pipe: "Connection[Any, Any]") -> None:
    """Answer requests, each a pair of its kind and the message, until the pipe is closed."""
    azure_functions_runtime.start_threadpool_executor()
    properties = {"host": "127.0.0.1", "protos": protos}
    while True:
        try:
            kind, message = await asyncio.to_thread(pipe.recv)
        except EOFError:
            return
        handle = getattr(azure_functions_runtime, kind)
        request = SimpleNamespace(**{kind: message})
        pipe.send(await handle(SimpleNamespace(request=request, properties=properties)))


if __name__ == "__main__":
    asyncio.run(serve(Connection(int(sys.argv[1]))))
