"""The Locust profile: `locust` in the project's root opens its web UI on http://127.0.0.1:8089, the race at /race."""

import os
from typing import Any

from locust import events

from loadtest import buckets
from loadtest.arguments import add_options
from loadtest.race.lanes import twins
from loadtest.race.page import attach
from loadtest.users import TwinUser

buckets.install()
events.init_command_line_parser.add_listener(add_options)  # type: ignore[no-untyped-call] # Locust has no types for it


class SyncApp(TwinUser):
    """Users of the blocking twin."""

    service = "sync_app"
    host = os.environ.get("SYNC_APP_URL", "http://127.0.0.1:8001")


class AsyncApp(TwinUser):
    """Users of the non-blocking twin."""

    service = "async_app"
    host = os.environ.get("ASYNC_APP_URL", "http://127.0.0.1:8002")


@events.init.add_listener  # type: ignore[untyped-decorator] # see above
def attach_page(environment: Any, **_event: Any) -> None:
    """The page at /race."""
    attach(environment, twins(os.environ))
