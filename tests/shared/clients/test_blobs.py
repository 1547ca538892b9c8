"""JSON documents and logs against a real Azurite."""

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
