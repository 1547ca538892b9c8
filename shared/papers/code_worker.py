"""`python -m shared.papers.code_worker`: the process that parses the code of a paper and ends.

What it gets is a JSON list of languages with their code, and it answers a list of true, false, or
null where nobody can say.
"""

import json
import sys
from importlib import import_module

from tree_sitter import Language, Parser

from shared.diffs.syntax import parses
from shared.papers.languages import language_of
from shared.sandbox.child import read_data, read_request


def main() -> None:
    """Answer the one request."""
    blocks = json.loads(read_data(read_request()))
    sys.stdout.write(json.dumps([_is_well_formed(name, code) for name, code in blocks]))


def _is_well_formed(name: str, code: str) -> bool | None:
    known = language_of(name)
    if known is None:
        return None
    if known.suffix:
        return parses(f"code{known.suffix}", code)
    function = known.tagged if known.tagged and "<?" in code else known.function
    grammar = getattr(import_module(known.module), function)()
    tree = Parser(Language(grammar)).parse(code.encode())
    return not tree.root_node.has_error


if __name__ == "__main__":
    main()
