"""What a file may be called, and what is refused."""

import pytest

from shared.documents.filenames import MAX_NAME_BYTES, safe_name
from shared.errors import Invalid


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("  Übersicht 2024.txt ", "Übersicht 2024.txt"),
        ("U\u0308bersicht.txt", "Übersicht.txt"),
        ('a "b" <c>: d|e?.md', "a _b_ _c__ d_e_.md"),
        ("100% sure.txt", "100% sure.txt"),
        ("família 👩\u200d👩\u200d👧.txt", "família 👩\u200d👩\u200d👧.txt"),
        (".env.txt", ".env.txt"),
        ("a..b.txt", "a..b.txt"),
        ("x" * (MAX_NAME_BYTES - 4) + ".txt", "x" * (MAX_NAME_BYTES - 4) + ".txt"),
    ],
)
def test_names_are_kept_in_one_form(given: str, kept: str) -> None:
    assert safe_name(given) == kept
    assert safe_name(kept) == kept


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ("../secret.txt", "path"),
        ("a/b.txt", "path"),
        ("..\\secret.txt", "path"),
        ("..%2Fsecret.txt", "path"),
        ("..%252Fsecret.txt", "path"),
        ("%2e%2e%5csecret.txt", "path"),
        ("a\r\nSet-Cookie: b.txt", "control"),
        ("a%0D%0Ab.txt", "control"),
        ("a\x00.txt", "control"),
        ("a%00.txt", "control"),
        ("\ud800.txt", "control"),
        ("gpj.\u202etxt", "invisible"),
        ("gpj.%E2%80%AEtxt", "invisible"),
        ("\ufeffa.txt", "invisible"),
        ("", "empty"),
        ("   ", "empty"),
        ("..", "dot"),
        ("a.txt.", "dot"),
        ("CON", "reserved"),
        ("nul.txt", "reserved"),
        ("LPT1.tar.md", "reserved"),
        ("x" * (MAX_NAME_BYTES + 1), "longer"),
        ("ü" * 130 + ".txt", "longer"),
    ],
)
def test_names_that_could_leave_their_place_or_deceive_are_refused(given: str, word: str) -> None:
    with pytest.raises(Invalid) as refused:
        safe_name(given)
    assert word in refused.value.detail
    assert refused.value.errors[0]["loc"] == ["filename"]
