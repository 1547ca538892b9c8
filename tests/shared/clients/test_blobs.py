"""JSON documents and logs against a real Azurite."""

import pytest

from shared.clients.blobs import Container


async def test_what_is_not_there_reads_as_nothing(container: Container) -> None:
    assert await container.read("a.json") is None
    assert await container.read_json("a.json") is None
    assert not await container.exists("a.json")
    assert await container.names("a") == []


async def test_a_document_comes_back_as_it_was_and_may_be_replaced(container: Container) -> None:
    await container.write_json("d/a.json", {"text": "Grüße \U0001f600", "n": [1, 2.5, None]})
    await container.write_json("d/b.json", 1)
    await container.write_json("d/b.json", 2)

    assert await container.read_json("d/a.json") == {
        "text": "Grüße \U0001f600",
        "n": [1, 2.5, None],
    }
    assert await container.read_json("d/b.json") == 2
    assert await container.names("d/") == ["d/a.json", "d/b.json"]
    assert await container.exists("d/a.json")


async def test_a_log_keeps_its_lines_when_it_is_opened_again(container: Container) -> None:
    await container.open_log("calls.jsonl")
    await container.append_log("calls.jsonl", b"one")
    await container.open_log("calls.jsonl")
    await container.append_log("calls.jsonl", b"two")
    assert await container.read("calls.jsonl") == b"one\ntwo\n"


async def test_a_document_is_made_once_and_replaced_by_who_knows_its_version(
    container: Container,
) -> None:
    etag = await container.create_json("a.json", 1)
    assert etag
    assert await container.create_json("a.json", 2) is None
    assert await container.read_tagged("a.json") == (1, etag)
    newer = await container.replace_json("a.json", 3, etag)
    assert newer not in (None, etag)
    assert await container.replace_json("a.json", 4, etag) is None
    assert await container.replace_json("b.json", 4, etag) is None
    assert await container.read_tagged("a.json") == (3, newer)
    assert await container.read_tagged("b.json") is None


@pytest.mark.parametrize("name", ["a b/ü €/1+1=2?.json", "50%25/#;&.json", "~/'(x)'.json"])
async def test_names_are_what_the_sdk_takes_them_for(container: Container, name: str) -> None:
    await container.write_json(name, {"n": 1})
    await container.open_log(f"{name}l")
    await container.append_log(f"{name}l", b"{}")
    assert await container.names("") == [name, f"{name}l"]
    assert await container.read(name) == b'{"n":1}'
    assert await container.read_json(name) == {"n": 1}


async def test_nothing_is_added_to_a_log_that_is_gone(container: Container) -> None:
    await container.open_log("calls.jsonl")
    assert await container.append_log("calls.jsonl", b"one")
    await container.delete("calls.jsonl")
    assert not await container.append_log("calls.jsonl", b"two")
