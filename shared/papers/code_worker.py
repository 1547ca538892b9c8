"""`python -m shared.papers.code_worker`: the process that parses the code of a paper and ends.

What it gets is a JSON list of languages with their code, and it answers a list of true, false, or
null where nobody can say.
"""

import json
import sys

from shared.diffs.syntax import parses
from shared.papers.languages import find_ending
from shared.sandbox.child import read_data, read_request


def main() -> None:
    """Answer the one request."""
    blocks = json.loads(read_data(read_request()))
    sys.stdout.write(json.dumps([_is_well_formed(name, code) for name, code in blocks]))


def _is_well_formed(name: str, code: str) -> bool | None:
    ending = find_ending(name)
    return None if ending is None else parses(f"code{ending}", code)


if __name__ == "__main__":
    main()
