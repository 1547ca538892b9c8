"""What the model claims of a text, and the texts of its answers in general."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator

from shared.models import Model


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text


def _without_empty(texts: list[str]) -> list[str]:
    return [text for text in texts if text]


# Validators and not constraints, which strict structured output does not allow.
Line = Annotated[str, AfterValidator(_on_one_line)]
Words = Annotated[Line, AfterValidator(_not_empty)]
Lines = Annotated[list[Line], AfterValidator(_without_empty)]
Importance = Literal[1, 2, 3, 4, 5]


class ClaimKind(StrEnum):
    """What a claim is to those who ask."""

    FACT = "fact"
    CLAIM = "claim"
    REQUIREMENT = "requirement"
    RISK = "risk"


class Statement(Model):
    """A sentence of the model, with the numbers of the claims that it rests on."""

    text: Line
    claims: list[int]


class Said(Model):
    """A claim as the model proposes it."""

    kind: ClaimKind
    importance: Importance
    text: Line
    quotes: list[str]
