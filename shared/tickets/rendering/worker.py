"""`python -m shared.tickets.rendering.worker`: the process that renders one result and ends.

It is asked by a request (`shared.sandbox.child`) for a form and a task type, with the stored result
and a last section as JSON, and answers with the content of the file.
"""

import sys

from shared.sandbox.child import read_data, read_request
from shared.text import strict_json
from shared.tickets.rendering.files import ResultFormat, render_content


def main() -> None:
    """Answer the one request."""
    asked = read_request()
    result, section = strict_json.loads(read_data(asked))
    form = ResultFormat(asked["kind"])
    sys.stdout.buffer.write(render_content(asked["name"], result, form, section))


if __name__ == "__main__":
    main()
