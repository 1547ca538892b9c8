"""Reviews as they were posted before there was a comment below the pull request: the mark in each
names what it told, which gets no comment again."""

import base64
import hmac
import re
import zlib
from collections.abc import Iterable

from shared.clients.github.models import PostedReview
from shared.models import Model
from shared.tasks.pr_review.models import Earlier
from shared.tasks.pr_review.posting.marks import Sign

_MARK = re.compile(r"<!-- amida-review-1:([A-Za-z0-9+/=]+):([0-9a-f]{64}) -->")


class _Mark(Model):
    pull: str
    findings: list[Earlier]


def find_known(reviews: Iterable[PostedReview], sign: Sign, pull: str) -> set[str]:
    """The fingerprints of all that such reviews of the pull request told."""
    return {
        one.fingerprint
        for review in reviews
        for data, signature in _MARK.findall(review.body)
        if hmac.compare_digest(sign(data), signature)
        if (mark := _Mark.model_validate_json(zlib.decompress(base64.b64decode(data)))).pull == pull
        for one in mark.findings
    }
