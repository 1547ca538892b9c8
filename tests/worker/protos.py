"""The messages between host and worker that this app needs, named as in Microsoft's protocol
(FunctionRpc.proto).

This module takes the place of the generated one that the worker library is handed in Azure. As
there, a field that is not set is None here or empty, and one of another name or type is refused.
"""

from dataclasses import field
from typing import ClassVar

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

STRICT = ConfigDict(strict=True, extra="forbid")
Bytes = bytes
"""The name that a field of TypedData hides."""


@dataclass(config=STRICT, kw_only=True)
class TypedData:
    """A value, of which one field at most is set."""

    string: str | None = None
    json: str | None = None
    bytes: Bytes | None = None
    http: "RpcHttp | None" = None
    model_binding_data: "ModelBindingData | None" = None

    def WhichOneof(self, _: str) -> str | None:  # noqa: N802
        """The name of the field that is set."""
        names = ("string", "json", "bytes", "http", "model_binding_data")
        return next((name for name in names if getattr(self, name) is not None), None)


@dataclass(config=STRICT, kw_only=True)
class ModelBindingData:
    """Where something lies, in place of its content."""

    version: str
    source: str
    content_type: str
    content: Bytes


@dataclass(config=STRICT, kw_only=True)
class RpcHttp:
    """A request, or the answer to one."""

    method: str = ""
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: TypedData = field(default_factory=TypedData)
    params: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    status_code: str = ""
    cookies: None = None
    enable_content_negotiation: bool = False


@dataclass(config=STRICT, kw_only=True)
class ParameterBinding:
    """The value of a parameter."""

    name: str
    data: TypedData

    def WhichOneof(self, _: str) -> str:  # noqa: N802
        """The name of the field that is set."""
        return "data"


@dataclass(config=STRICT, kw_only=True)
class RpcException:
    """What a function raised."""

    message: str
    stack_trace: str


@dataclass(config=STRICT, kw_only=True)
class StatusResult:
    """How a request went."""

    Failure: ClassVar[int] = 0
    Success: ClassVar[int] = 1

    status: int
    exception: RpcException | None = None


@dataclass(config=STRICT, kw_only=True)
class WorkerInitRequest:
    """Asks the worker to index the app in a folder."""

    function_app_directory: str
    capabilities: dict[str, str] = field(default_factory=dict)


@dataclass(config=STRICT, kw_only=True)
class WorkerMetadata:
    """What the worker is."""

    runtime_name: str
    runtime_version: str
    worker_version: str
    worker_bitness: str
    custom_properties: dict[str, str]


@dataclass(config=STRICT, kw_only=True)
class WorkerInitResponse:
    """Whether the app could be indexed."""

    capabilities: dict[str, str]
    worker_metadata: WorkerMetadata
    result: StatusResult


@dataclass(config=STRICT, kw_only=True)
class FunctionsMetadataRequest:
    """Asks for the functions of the app."""

    function_app_directory: str


@dataclass(config=STRICT, kw_only=True)
class BindingInfo:
    """What the host needs of a binding at once."""

    undefined: ClassVar[int] = 0
    out: ClassVar[int] = 1
    inout: ClassVar[int] = 2

    type: str
    direction: int
    data_type: int | None = None


@dataclass(config=STRICT, kw_only=True)
class RpcFunctionMetadata:
    """A function; each of `raw_bindings` is the JSON that a function.json would hold."""

    name: str
    function_id: str
    managed_dependency_enabled: bool
    directory: str
    script_file: str
    entry_point: str
    is_proxy: bool
    language: str
    bindings: dict[str, BindingInfo]
    raw_bindings: list[str]
    retry_options: None
    properties: dict[str, str]


@dataclass(config=STRICT, kw_only=True)
class FunctionMetadataResponse:
    """The functions of the app."""

    use_default_metadata_indexing: bool
    function_metadata_results: list[RpcFunctionMetadata]
    result: StatusResult


@dataclass(config=STRICT, kw_only=True)
class FunctionLoadRequest:
    """Asks the worker to get a function ready."""

    function_id: str


@dataclass(config=STRICT, kw_only=True)
class FunctionLoadResponse:
    """Whether it is ready."""

    function_id: str
    result: StatusResult


@dataclass(config=STRICT, kw_only=True)
class RpcTraceContext:
    """The W3C trace that an invocation belongs to."""

    trace_parent: str = ""
    trace_state: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(config=STRICT, kw_only=True)
class RetryContext:
    """Which try of an invocation it is."""

    retry_count: int = 0
    max_retry_count: int = 0
    exception: RpcException | None = None


@dataclass(config=STRICT, kw_only=True)
class InvocationRequest:
    """Asks the worker to call a function."""

    invocation_id: str
    function_id: str
    input_data: list[ParameterBinding]
    trigger_metadata: dict[str, TypedData]
    trace_context: RpcTraceContext = field(default_factory=RpcTraceContext)
    retry_context: RetryContext = field(default_factory=RetryContext)


@dataclass(config=STRICT, kw_only=True)
class InvocationResponse:
    """What a function answered."""

    invocation_id: str
    result: StatusResult
    return_value: TypedData | None = None
    output_data: list[ParameterBinding] = field(default_factory=list)
