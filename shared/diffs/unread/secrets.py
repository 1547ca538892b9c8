"""Secrets by the forms that their makers gave them, so that hardly anything else looks so."""

import re

_SECRETS = {
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----",
    "an access key of AWS": r"\b(?:AKIA|ASIA)(?![A-Z2-7]{9}EXAMPLE)[A-Z2-7]{16}\b",
    "a token of GitHub": r"\bgh[pousr]_[A-Za-z0-9]{36,255}\b|\bgithub_pat_[A-Za-z0-9_]{60,255}\b",
    "a token of GitLab": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "a token of Slack": r"\bxox[abeoprs]-[A-Za-z0-9-]{20,}",
    "a key of Google": r"\bAIza[A-Za-z0-9_-]{35}\b",
    "a key of Stripe": r"\b[rs]k_live_[A-Za-z0-9]{20,}",
    "a key of Azure Storage": r"\bAccountKey=[A-Za-z0-9+/]{86}==",
    "a token of npm": r"\bnpm_[A-Za-z0-9]{36}\b|_authToken\s*=\s*[A-Za-z0-9_-]{20,}",
    "a token of PyPI": r"\bpypi-AgEI[A-Za-z0-9_-]{50,}",
    "a key of a language model": r"\bsk-(?:proj|ant|svcacct)-[A-Za-z0-9_-]{20,}",
    "a password in an address": r"://[^\s/:@\"'<>$]{1,100}:[^\s/:@\"'<>${}*]{3,200}@[A-Za-z0-9]",
}
_ANY = re.compile("|".join(f"({form})" for form in _SECRETS.values()))
_NAMES = list(_SECRETS)


def find_secret(text: str) -> str | None:
    """What secret a line holds, in words that do not tell it."""
    found = _ANY.search(text)
    return _NAMES[(found.lastindex or 1) - 1] if found else None
