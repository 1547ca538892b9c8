"""Azure Monitor as an app sees it: where telemetry is taken in, over TLS, and the platform's
endpoint that gives tokens to its identity. A collector of OpenTelemetry stands beside them."""

import gzip
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tests.support.servers.serving import served

JsonObject = dict[str, Any]
CLIENT_ID = "99999999-8888-7777-6666-555555555555"


@dataclass
class Insights:
    """`envelopes` are what was taken in, `signatures` the tokens that it came with, `asked` the
    queries for a token, `collected` the names of the spans that the collector got."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    header: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    envelopes: list[JsonObject] = field(default_factory=list)
    signatures: set[str] = field(default_factory=set)
    asked: list[dict[str, str]] = field(default_factory=list)
    collected: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        await (await self._answer(request))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        body = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        match request.url.path:
            case "/identity":
                return self._give_token(request)
            case "/otlp/v1/traces":
                self._collect(body)
                return Response(media_type="application/x-protobuf")
            case path if path.endswith("/track"):
                return self._take_in(request, json.loads(body))
        return Response(status_code=200)

    def _give_token(self, request: Request) -> Response:
        """https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference"""
        if request.headers.get("x-identity-header") != self.header:
            return Response(status_code=401)
        self.asked.append(dict(request.query_params))
        until = datetime.now(UTC) + timedelta(hours=1)
        resource = request.query_params["resource"]
        given = {"access_token": self.token, "resource": resource, "token_type": "Bearer"}
        return JSONResponse(given | {"expires_on": str(int(until.timestamp()))})

    def _take_in(self, request: Request, envelopes: list[JsonObject]) -> Response:
        self.signatures.add(request.headers.get("authorization", ""))
        self.envelopes += envelopes
        count = len(envelopes)
        return JSONResponse({"itemsReceived": count, "itemsAccepted": count, "errors": []})

    def _collect(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                self.collected += [span.name for span in scope.spans]


@contextmanager
def insights(folder: Path) -> Iterator[Insights]:
    """Running, with the `settings` of an app that reports there; its certificate is in `folder`."""
    made = Insights()
    certificate = _certificate(folder)
    with served(made) as (plain,), served(made, certificate=certificate) as (secure,):
        made.settings = {
            "APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey="
            f"00000000-0000-0000-0000-000000000001;IngestionEndpoint=https://127.0.0.1:{secure}/",
            "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": f"Authorization=AAD;ClientId={CLIENT_ID}",
            "AZURE_CLIENT_ID": CLIENT_ID,
            "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
            "IDENTITY_ENDPOINT": f"http://127.0.0.1:{plain}/identity",
            "IDENTITY_HEADER": made.header,
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{plain}/otlp",
            "REQUESTS_CA_BUNDLE": str(certificate),
            # What the exporter tells Microsoft of itself would leave this machine.
            "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
            "APPLICATIONINSIGHTS_SDKSTATS_DISABLED": "true",
            "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
        }
        yield made


def _certificate(folder: Path) -> Path:
    """Of this machine, signed by itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    moment = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    return path
