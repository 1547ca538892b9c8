"""`python -m infra.local.webpubsub`: serves the stand-in until it is told to stop."""

from infra.local.serving import main, parser
from infra.local.webpubsub import DEFAULT_KEY
from infra.local.webpubsub.app import application


def run() -> None:
    """Parse the command line and serve."""
    arguments = parser("infra.local.webpubsub", "A stand-in for Azure Web PubSub.", port=8802)
    arguments.add_argument("--key", default=DEFAULT_KEY, help="the access key")
    arguments.add_argument(
        "--event-handler", metavar="URL", help="where events go; {hub} and {event} are replaced"
    )
    given = arguments.parse_args()
    main(
        "Web PubSub stand-in",
        given.port,
        lambda _: application(given.key, given.event_handler),
    )


if __name__ == "__main__":
    run()
