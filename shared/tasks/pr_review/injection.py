"""Text that talks to the reviewer. The model is told to obey none of it; people are told that it is
there."""

import re

_PHRASES = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:instructions?|prompts?|rules)\b"
    r"|\b(?:you are|act as|pretend to be)\b[^.\n]{0,30}\b(?:reviewer|assistant|language model)\b"
    r"|\b(?:approve|lgtm|merge)\b[^.\n]{0,30}\b(?:this|the) (?:pull request|pr|change|diff)\b"
    r"|\b(?:report|raise|list|return)\b[^.\n]{0,20}\bno (?:findings|issues|problems|bugs)\b"
    r"|\b(?:system|developer) (?:prompt|message)\b"
    r"|<\|?(?:im_start|system|endoftext)\|?>",
    re.IGNORECASE,
)


def talks(text: str) -> bool:
    """Whether the text talks to the reviewer."""
    return _PHRASES.search(text) is not None
