"""The options of every locustfile here."""

from typing import Any


def add_options(parser: Any) -> None:
    """The options of the users, on the command line and in the web UI, which leaves those of a group out."""
    parser.add_argument("--delay", default="100ms", help="How long each request waits on the service, such as 100ms")
    parser.add_argument("--think", type=float, default=0.0, help="Seconds between an answer and the next request")
    parser.add_argument(
        "--stagger", type=float, default=0.1, help="Seconds over which users that start together are spread"
    )
