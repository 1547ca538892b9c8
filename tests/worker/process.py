"""A worker process, seen from the host: it indexes the app, and its functions can be invoked."""

import os
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

from tests.support.hosts.process import ROOT
from tests.worker import protos
from tests.worker.protos import StatusResult, TypedData

ANSWER_SECONDS = 60.0
STOP_SECONDS = 60.0


class FunctionError(AssertionError):
    """The worker answered with a failure; the message is what was raised, with its traceback."""


class Worker:
    """The app in Microsoft's worker library; `functions` are those that it indexed, by name,
    `trace_parent` the trace that the host says its invocations belong to."""

    def __init__(self, pipe: Any, log: Path) -> None:
        self._pipe = pipe
        self.trace_parent = ""
        self._log = log
        init = protos.WorkerInitRequest(function_app_directory=str(ROOT))
        self.metadata = self._ask("worker_init_request", init).worker_metadata
        listed = self._ask(
            "functions_metadata_request",
            protos.FunctionsMetadataRequest(function_app_directory=str(ROOT)),
        )
        self.functions = {one.name: one for one in listed.function_metadata_results}

    def load(self, name: str) -> None:
        """Load a function. Raises FunctionError."""
        request = protos.FunctionLoadRequest(function_id=self.functions[name].function_id)
        self._ask("function_load_request", request)

    def invoke(
        self, name: str, given: Mapping[str, TypedData], metadata: Mapping[str, TypedData]
    ) -> TypedData | None:
        """What a function answers to the values of its bindings, and to what its trigger says
        besides. Raises FunctionError."""
        request = protos.InvocationRequest(
            invocation_id=str(uuid.uuid4()),
            function_id=self.functions[name].function_id,
            input_data=[protos.ParameterBinding(name=key, data=given[key]) for key in given],
            trigger_metadata=dict(metadata),
            trace_context=protos.RpcTraceContext(trace_parent=self.trace_parent),
        )
        answer: protos.InvocationResponse = self._ask("invocation_request", request)
        assert answer.invocation_id == request.invocation_id
        return answer.return_value

    def _ask(self, kind: str, request: object) -> Any:
        try:
            self._pipe.send((kind, request))
            assert self._pipe.poll(ANSWER_SECONDS), f"no answer to {kind}:\n{self._tail()}"
            answer = self._pipe.recv()
        except (EOFError, OSError):
            raise AssertionError(f"the worker ended at {kind}:\n{self._tail()}") from None
        if answer.result.status != StatusResult.Success:
            raise FunctionError(
                f"{answer.result.exception.message}\n{answer.result.exception.stack_trace}"
            )
        return answer

    def _tail(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]


@contextmanager
def workers(python: Path, env: Mapping[str, str], log: Path) -> Iterator[Worker]:
    """A worker on `python`, with `env` added to the environment, that ends with the context."""
    ours, theirs = Pipe()
    with log.open("wb") as output, theirs:
        process = subprocess.Popen(
            [str(python), "-m", "tests.worker.driver", str(theirs.fileno())],
            cwd=ROOT,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
        )
    try:
        with ours:
            yield Worker(ours, log)
        assert process.wait(STOP_SECONDS) == 0, log.read_text(errors="replace")[-4000:]
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
