"""The estimate of tokens, against counts that were made with cl100k_base."""

import pytest

from shared.documents.tokens import estimate

ENGLISH = (
    "All human beings are born free and equal in dignity and rights. They are endowed with reason "
    "and conscience and should act towards one another in a spirit of brotherhood."
)
GERMAN = (
    "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und "
    "Gewissen begabt und sollen einander im Geiste der Brüderlichkeit begegnen."
)
RUSSIAN = "Все люди рождаются свободными и равными в своем достоинстве и правах."  # noqa: RUF001
CHINESE = "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。"
JAPANESE = "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。"
KOREAN = "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다."
CODE = (
    "def kind_of_name(filename: str) -> str:\n"
    "    path = PurePath(filename.lower())\n"
    "    kind = SOURCE if path.name in _SOURCE_NAMES else _KINDS.get(path.suffix)\n"
    "    if kind is None:\n        raise UnsupportedMediaType(_NOT_TAKEN)\n    return kind\n"
)
TABLE = "id,date,amount\n1,2024-03-01,12500.75\n2,2024-03-02,99.10\n3,2024-11-30,1048576.00\n"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        (ENGLISH, 33),
        (GERMAN, 44),
        (RUSSIAN, 35),
        (CHINESE, 52),
        (JAPANESE, 45),
        (KOREAN, 41),
        (CODE, 60),
        (TABLE, 47),
    ],
)
def test_the_estimate_is_near(text: str, tokens: int) -> None:
    assert 0.9 * tokens <= estimate(text) <= 1.35 * tokens


def test_nothing_has_no_tokens_and_parts_have_no_fewer_than_the_whole() -> None:
    assert estimate("") == 0
    for text in (ENGLISH, GERMAN, RUSSIAN, CHINESE, KOREAN, CODE, TABLE):
        for place in [at for at, char in enumerate(text) if char.isspace()]:
            assert estimate(text) <= estimate(text[:place]) + estimate(text[place:])
