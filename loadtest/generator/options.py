"""The command-line options of the project's locustfiles."""

from typing import Any


def add_options(parser: Any) -> None:
    """Add the users' options to the command line and the web UI. No argument group: the web UI omits groups."""
    parser.add_argument("--delay", default="100ms", help="Time that each request waits on the service, such as 100ms")
    parser.add_argument("--think", type=float, default=0.0, help="Seconds between an answer and the next request")
    parser.add_argument(
        "--stagger", type=float, default=0.1, help="Seconds over which the users' first requests are spread"
    )
