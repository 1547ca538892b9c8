"""What a user of the client does that openapi-generator makes for Python."""

import sys
import time
from pathlib import Path

from made_by_openapi_generator import (
    ApiClient,
    AttachmentsApi,
    AuthApi,
    Configuration,
    DocAnalysisResult,
    DocAnalysisTaskData,
    DocAnalysisTicket,
    DocAnalysisTicketCreate,
    Status,
    Ticket,
    TicketCreate,
    TicketsApi,
)


def sign_in(address: str, username: str, password: str) -> ApiClient:
    configuration = Configuration(host=address)
    client = ApiClient(configuration)
    tokens = AuthApi(client).login(username, password)
    configuration.access_token = tokens.access_token
    return client


def narrow(ticket: Ticket) -> DocAnalysisTicket:
    assert isinstance(ticket.actual_instance, DocAnalysisTicket)
    return ticket.actual_instance


def open_ticket(client: ApiClient, path: Path) -> DocAnalysisTicket:
    """It knows one type of a body, the first: the file is sent after the ticket."""
    new = DocAnalysisTicketCreate(
        title="By openapi-generator",
        task_type="doc_analysis",
        task_data=DocAnalysisTaskData(analysis_type="risk"),
    )
    tickets = TicketsApi(client)
    ticket = narrow(tickets.create_ticket(TicketCreate(new)))
    AttachmentsApi(client).add_attachments(ticket.id, [(path.name, path.read_bytes())])
    return narrow(tickets.submit_ticket(ticket.id))


def wait(client: ApiClient, ticket: DocAnalysisTicket) -> DocAnalysisTicket:
    while ticket.status in (Status.PENDING, Status.PROCESSING):
        time.sleep(0.5)
        ticket = narrow(TicketsApi(client).read_ticket(ticket.id))
    return ticket


def main(address: str, username: str, password: str, path: Path) -> None:
    client = sign_in(address, username, password)
    ticket = wait(client, open_ticket(client, path))
    result = TicketsApi(client).read_result(ticket.id).actual_instance
    assert isinstance(result, DocAnalysisResult)
    assert result == ticket.result_data.actual_instance
    [attachment] = ticket.attachments
    content = AttachmentsApi(client).download_attachment(ticket.id, attachment.id)
    assert bytes(content) == path.read_bytes()
    print(ticket.id, result.coverage.documents_read, result.insights[0].evidence[0].document)


if __name__ == "__main__":
    _, to, name, secret, sent = sys.argv
    main(to, name, secret, Path(sent))
