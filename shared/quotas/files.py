"""What the files and large inputs of a ticket count for, pure: its row names each of them with its
size, so that one counts once however often it is added or removed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from shared.models import QuotaKind
from shared.quotas.decision import Decision
from shared.quotas.scopes import QuotaScope


def put_files(
    decision: Decision, key: str, scopes: Sequence[QuotaScope], new: Mapping[str, int]
) -> None:
    """`new` are sizes in bytes by id. Raises QuotaExceeded."""
    row = decision.rows[key].at(decision.moment)
    added = {name: size for name, size in new.items() if name not in row.files}
    if not added:
        return
    for scope in scopes:
        decision.use(scope, {QuotaKind.BYTES: sum(added.values())})
    names = tuple(map(str, scopes))
    decision.changed[key] = replace(row, files={**row.files, **added}, scopes=names)


def keep_files(
    decision: Decision, key: str, scopes: Sequence[QuotaScope], is_kept: Callable[[str], bool]
) -> None:
    """Only the files whose ids `is_kept` accepts still count."""
    row = decision.rows[key].at(decision.moment)
    left = {name: size for name, size in row.files.items() if is_kept(name)}
    if left == row.files:
        return
    for scope in scopes:
        decision.book(scope, {QuotaKind.BYTES: sum(left.values()) - sum(row.files.values())})
    decision.changed[key] = replace(row, files=left) if left else None
