"""`python -m shared.diffs.suggestion_worker`: the process that judges one suggestion and ends."""

import json
import sys
from dataclasses import asdict

from shared.diffs.changes import file_diff
from shared.diffs.suggestions import Suggestion, check_suggestion
from shared.sandbox.child import read_data, read_request


def main() -> None:
    """Answer the one request: a suggestion as it applies, or why it is refused."""
    asked = json.loads(read_data(read_request()))
    made = check_suggestion(file_diff(*asked.pop("diff")), **asked)
    answer = asdict(made) if isinstance(made, Suggestion) else made.value
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
