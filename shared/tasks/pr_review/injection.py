"""Text that talks to the reviewer. The model is told to obey none of it; that it is there is told
to people, and what holds such text is never approved by rule."""

import re
from collections.abc import Mapping

_PHRASES = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:instructions?|prompts?|rules)\b"
    r"|\b(?:you are|act as|pretend to be)\b[^.\n]{0,30}\b(?:reviewer|assistant|language model)\b"
    r"|\b(?:approve|lgtm|merge)\b[^.\n]{0,30}\b(?:this|the) (?:pull request|pr|change|diff)\b"
    r"|\b(?:report|raise|list|return)\b[^.\n]{0,20}\bno (?:findings|issues|problems|bugs)\b"
    r"|\b(?:system|developer) (?:prompt|message)\b"
    r"|<\|?(?:im_start|system|endoftext)\|?>",
    re.IGNORECASE,
)


def suspicious(texts: Mapping[str, str]) -> list[str]:
    """The names of the texts that talk to the reviewer."""
    return [name for name, text in texts.items() if _PHRASES.search(text)]
