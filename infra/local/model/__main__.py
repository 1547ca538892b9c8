"""`python -m infra.local.model`: serves the stand-in model until it is told to stop."""

from infra.local.model.app import application
from infra.local.serving import main, parser


def run() -> None:
    """Parse the command line and serve."""
    arguments = parser("infra.local.model", "A stand-in for a language model.", port=8801)
    arguments.add_argument(
        "--latency-ms", type=int, default=0, help="how long each answer waits (default 0)"
    )
    given = arguments.parse_args()
    main("stand-in model", given.port, lambda _: application(given.latency_ms))


if __name__ == "__main__":
    run()
