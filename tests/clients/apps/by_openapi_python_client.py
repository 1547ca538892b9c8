"""What a user of the client does that openapi-python-client makes."""

import sys
import time
from io import BytesIO
from pathlib import Path

from made_by_openapi_python_client import AuthenticatedClient, Client
from made_by_openapi_python_client.api.attachments import download_attachment
from made_by_openapi_python_client.api.auth import login
from made_by_openapi_python_client.api.tickets import create_ticket, read_result, read_ticket
from made_by_openapi_python_client.models import (
    CreateTicketFilesBody,
    DocAnalysisResult,
    DocAnalysisTaskData,
    DocAnalysisTicket,
    DocAnalysisTicketCreate,
    Login,
    Status,
    Tokens,
)
from made_by_openapi_python_client.types import File


def sign_in(address: str, username: str, password: str) -> AuthenticatedClient:
    body = Login(username=username, password=password)
    tokens = login.sync(client=Client(base_url=address), body=body)
    assert isinstance(tokens, Tokens)
    return AuthenticatedClient(base_url=address, token=tokens.access_token)


def open_ticket(client: AuthenticatedClient, path: Path) -> DocAnalysisTicket:
    new = DocAnalysisTicketCreate(
        title="By openapi-python-client",
        task_type="doc_analysis",
        task_data=DocAnalysisTaskData(analysis_type="risk"),
    )
    file = File(BytesIO(path.read_bytes()), path.name, "text/plain")
    body = CreateTicketFilesBody(ticket=new, files=[file])
    ticket = create_ticket.sync(client=client, body=body)
    assert isinstance(ticket, DocAnalysisTicket), ticket
    return ticket


def wait(client: AuthenticatedClient, ticket: DocAnalysisTicket) -> DocAnalysisTicket:
    while ticket.status in (Status.PENDING, Status.PROCESSING):
        time.sleep(0.5)
        found = read_ticket.sync(ticket.id, client=client)
        assert isinstance(found, DocAnalysisTicket)
        ticket = found
    return ticket


def main(address: str, username: str, password: str, path: Path) -> None:
    client = sign_in(address, username, password)
    ticket = wait(client, open_ticket(client, path))
    assert isinstance(ticket.result_data, DocAnalysisResult), ticket
    result = read_result.sync(ticket.id, client=client)
    assert isinstance(result, DocAnalysisResult)
    assert result == ticket.result_data
    [attachment] = ticket.attachments
    file = download_attachment.sync(ticket.id, attachment.id, client=client)
    assert isinstance(file, File)
    assert file.payload.read() == path.read_bytes()
    print(ticket.id, result.coverage.documents_read, result.insights[0].evidence[0].document)


if __name__ == "__main__":
    _, to, name, secret, sent = sys.argv
    main(to, name, secret, Path(sent))
