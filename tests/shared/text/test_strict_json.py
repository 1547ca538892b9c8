"""What two parsers could read differently is refused."""

import pytest

from shared.text import strict_json


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b"NaN",
        b'{"a": Infinity}',
        b"[-Infinity]",
        b"1e999",
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf{}",
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-32-le"),
        b'"\\ud800"',
        b'{"\\udfff": 1}',
        b"[" * 65 + b"]" * 65,
        b"[" * 200_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"1" * 5000,
    ],
    ids=lambda text: repr(text[:20]),
)
def test_doubtful_json_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w") as refusal:
        strict_json.loads(text)
    assert len(str(refusal.value)) < 100


def test_plain_json_is_read() -> None:
    assert strict_json.loads(b"[" * 64 + b"]" * 64)
    assert strict_json.loads('{"a": [1, -2.5e3, true, null, "\\ud83d\\ude00"]}') == {
        "a": [1, -2500.0, True, None, "\U0001f600"]
    }


def test_equal_values_have_one_canonical_form() -> None:
    assert strict_json.canonical({"b": 1, "a": 2}) == strict_json.canonical({"a": 2, "b": 1})
