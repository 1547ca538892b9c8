"""What an attempt keeps between its steps: the documents as they were found, their chunks, the
account of all claims, and groups of parts."""

from collections.abc import Sequence

from shared.clients.side_by_side import gather_within
from shared.tasks.base import Artifacts, Keep
from shared.tasks.doc_analysis.models import Account, Document, Part

_CALLS_AT_ONCE = 16
_ACCOUNT = "claims"


async def save_document(keep: Keep, number: int, document: Document) -> None:
    await keep(_document(number), document.model_dump(mode="json"))


async def find_document(artifacts: Artifacts, number: int) -> Document | None:
    """None where it has not been read yet."""
    known = await artifacts.load(_document(number))
    return None if known is None else Document.model_validate(known)


async def load_documents(artifacts: Artifacts, count: int) -> list[Document]:
    """The files of the ticket as they were found, by number."""

    async def load(number: int) -> Document:
        return Document.model_validate(await artifacts.load(_document(number)))

    return await gather_within(_CALLS_AT_ONCE, load, range(count))


async def hand_on_account(artifacts: Artifacts, account: Account) -> None:
    await artifacts.hand_on(_ACCOUNT, account.model_dump(mode="json"))


async def load_account(artifacts: Artifacts) -> Account:
    return Account.model_validate(await artifacts.load(_ACCOUNT))


async def hand_on_group(
    artifacts: Artifacts, level: int, number: int, parts: Sequence[Part]
) -> None:
    """The parts that one piece of work merges."""
    saved = [part.model_dump(mode="json") for part in parts]
    await artifacts.hand_on(_group(level, number), saved)


async def load_group(artifacts: Artifacts, level: int, number: int) -> list[Part]:
    saved = await artifacts.load(_group(level, number))
    return [Part.model_validate(part) for part in saved]


def _document(number: int) -> str:
    return f"document-{number}"


def _group(level: int, number: int) -> str:
    return f"parts-{level}-{number}"
