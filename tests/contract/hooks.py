"""What generated requests leave out, because the platform answers it before the app does."""

import schemathesis
from schemathesis import Case, HookContext


@schemathesis.hook  # type: ignore[untyped-decorator]
def filter_case(context: HookContext, case: Case) -> bool:
    """A header that is no UTF-8 is answered with an empty 400."""
    return all(str(value).isascii() for value in (case.headers or {}).values())
