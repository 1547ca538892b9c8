"""`python -m infra.local.github`: serves local git repositories until it is told to stop."""

import argparse
import sys
import tempfile
from pathlib import Path

from infra.local.github import sample
from infra.local.github.app import application
from infra.local.github.pulls import Hosted, hosted_by
from infra.local.github.repository import GitError
from infra.local.serving import main, parser


def run() -> None:
    """Parse the command line and serve."""
    arguments = parser("infra.local.github", "A stand-in for GitHub's REST API.", port=8803)
    arguments.add_argument("--repo", action="append", default=[], metavar="OWNER/NAME=PATH")
    arguments.add_argument(
        "--pull", action="append", default=[], metavar="OWNER/NAME#N=BASE..HEAD[:TITLE]"
    )
    arguments.add_argument("--token", default="", help="the only token that may read and post")
    arguments.add_argument("--state", type=Path, metavar="FILE", help="where reviews are kept")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="github-sample-") as folder:
        try:
            hosted = _hosted(given, Path(folder))
        except (GitError, argparse.ArgumentTypeError) as error:
            print(error, file=sys.stderr)
            raise SystemExit(2) from error
        main(
            "GitHub stand-in",
            given.port,
            lambda _: application(hosted, given.token, state=given.state),
        )


def _hosted(given: argparse.Namespace, folder: Path) -> list[Hosted]:
    if given.repo or given.pull:
        return hosted_by(given.repo, given.pull)
    return [sample.build(folder)]


if __name__ == "__main__":
    run()
