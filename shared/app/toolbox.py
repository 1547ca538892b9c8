"""Puts together what tasks work with."""

import hmac

from shared.clients.github.client import GitHubClient
from shared.documents.extract import Extract
from shared.documents.extraction import Limits, extract
from shared.models import Attachment
from shared.tasks.base import Tools


def tools(
    github: GitHubClient, limits: Limits, chunk_tokens: int, batch_tokens: int, secret_key: str
) -> Tools:
    """`limits` are those of all documents that a process reads; `secret_key` signs."""

    async def read(file: Attachment, data: bytes) -> Extract:
        return await extract(file.content_type, file.filename, data, limits)

    def sign(text: str) -> str:
        return hmac.new(secret_key.encode(), text.encode(), "sha256").hexdigest()

    return Tools(read, github, chunk_tokens, batch_tokens, sign)
