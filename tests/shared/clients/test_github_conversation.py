"""What is said of a pull request: comments, replies and threads, against the stand-in."""

from pathlib import Path

import pytest
from starlette.responses import JSONResponse

from shared.clients.github.client import graphql_url
from shared.clients.github.conversation import Conversation
from shared.clients.github.models import PullRef, ReviewComment, ReviewPayload
from shared.errors import PermanentFailure
from tests.support.git.history import History
from tests.support.servers.github import GitHubServer

REF = PullRef(owner="ann", repo="app", number=1)


@pytest.fixture
def history(tmp_path: Path) -> History:
    made = History(tmp_path / "app")
    made.commit({"a.py": "a = 1\n"})
    made.branch("feature")
    made.commit({"a.py": "a = 2\n"})
    return made


async def test_what_is_said_is_read_again_and_threads_are_resolved(
    github: GitHubServer, history: History
) -> None:
    github.serve(history)
    client = github.client()
    conversation = Conversation(client, REF)
    said = await conversation.say("One")
    assert (await conversation.say_again(said.id, "Two")).html_url == said.html_url
    assert [one.body for one in await conversation.comments()] == ["Two"]
    comments = [ReviewComment(path="a.py", body=f"{n}", line=1) for n in range(103)]
    await client.post_review(
        REF, ReviewPayload(commit_id=history.sha(), body="x", comments=comments)
    )
    reply = await conversation.reply(1, "Fixed.")
    assert reply.in_reply_to_id == 1
    assert len(await conversation.line_comments()) == 104
    threads = await conversation.threads()
    assert [one.first_comment for one in threads] == list(range(1, 104)), "of every page"
    await conversation.resolve(threads[2].id)
    await conversation.resolve(threads[2].id)
    assert [one.resolved for one in (await conversation.threads())[:4]] == [
        *(False, False, True, False)
    ]


async def test_refusals_of_threads_are_failures(github: GitHubServer, history: History) -> None:
    github.serve(history)
    conversation = Conversation(github.client(), REF)
    with pytest.raises(PermanentFailure):
        await conversation.resolve("PRRT_77")
    with pytest.raises(PermanentFailure):
        await conversation.say_again(77, "x")
    for answer in ({"errors": [{"type": "FORBIDDEN"}]}, {"data": {"repository": None}}, {}):
        github.script = lambda _, __, answer=answer: JSONResponse(answer)  # type: ignore[misc]
        with pytest.raises(PermanentFailure):
            await conversation.threads()


def test_graphql_has_an_address_of_its_own() -> None:
    assert graphql_url("https://api.github.com") == "https://api.github.com/graphql"
    assert graphql_url("https://git.example.com/api/v3") == "https://git.example.com/api/graphql"
