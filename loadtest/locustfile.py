"""The Locust profile: `locust` in the project's root opens its web UI on http://127.0.0.1:8089."""

import os
from typing import Any

from locust import events

from loadtest import buckets
from loadtest.users import TwinUser

buckets.install()


class SyncApp(TwinUser):
    """Users of the blocking twin."""

    service = "sync_app"
    host = os.environ.get("SYNC_APP_URL", "http://127.0.0.1:8001")


class AsyncApp(TwinUser):
    """Users of the non-blocking twin."""

    service = "async_app"
    host = os.environ.get("ASYNC_APP_URL", "http://127.0.0.1:8002")


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator] # Locust has no types for it
def add_options(parser: Any) -> None:
    """The options of this profile, on the command line and in the web UI, which leaves those of a group out."""
    parser.add_argument("--delay", default="100ms", help="How long each request waits on the service, such as 100ms")
    parser.add_argument("--think", type=float, default=0.0, help="Seconds between an answer and the next request")
    parser.add_argument(
        "--stagger", type=float, default=0.1, help="Seconds over which users that start together are spread"
    )
