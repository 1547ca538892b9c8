"""The app in the worker library, called as a host calls it: each trigger's value in its form."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.support.hosts.durable_api import Durable
from tests.worker.process import Worker
from tests.worker.protos import RpcHttp, TypedData

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What an HTTP function answered; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Site:
    """A worker, the Durable side that its functions talk to, and the binding that tells where that
    is; HTTP functions are called with `token`."""

    worker: Worker
    durable: Durable
    client: str
    token: str = ""

    def bindings(self, name: str) -> list[JsonObject]:
        """The bindings of a function as the worker gave them to the host."""
        return [json.loads(raw) for raw in self.worker.functions[name].raw_bindings]

    def invoke(self, name: str, value: TypedData, /, **metadata: TypedData) -> TypedData | None:
        """Invoke a function with its trigger's value, and with a durable client if it takes one."""
        given = {}
        for binding in self.bindings(name):
            if binding["type"].endswith("Trigger"):
                given[binding["name"]] = value
            elif binding["type"] == "durableClient":
                given[binding["name"]] = TypedData(string=self.client)
        return self.worker.invoke(name, given, metadata)

    def call(self, name: str, body: Any = None, form: Any = None, **params: str) -> Answer:
        """Call an HTTP function by its method and route, with JSON or a form as its body."""
        trigger = next(one for one in self.bindings(name) if one["type"] == "httpTrigger")
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        if form is not None:
            content = urlencode(form).encode()
            headers["content-type"] = "application/x-www-form-urlencoded"
        request = RpcHttp(
            method=trigger["methods"][0],
            url=f"https://amida.test/api/v1/{trigger['route'].format(**params)}",
            headers=headers,
            params=params,
            body=TypedData(bytes=content) if content else TypedData(),
        )
        answer = self.invoke(name, TypedData(http=request))
        assert answer is not None
        http = answer.http
        assert http is not None
        named = {name.lower(): value for name, value in http.headers.items()}
        return Answer(int(http.status_code), named, http.body.bytes or b"")
