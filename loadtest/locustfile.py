"""The Locust profile. Run `locust` in the project's root: web UI on http://127.0.0.1:8089, race page at /race."""

import os
import sys
from typing import Any

from locust import events

from contract import ports
from loadtest.generator import latency_buckets
from loadtest.generator.options import add_options
from loadtest.generator.profile import ProfileArrivals
from loadtest.generator.users import TwinUser
from loadtest.race.page import attach
from loadtest.race.racers import twins

latency_buckets.install()
events.init_command_line_parser.add_listener(add_options)  # type: ignore[no-untyped-call] # Locust leaves it untyped


class SyncApp(TwinUser):
    """Users of the blocking twin."""

    service = "sync_app"
    host = os.environ.get("SYNC_APP_URL", f"http://127.0.0.1:{ports.SYNC_APP}")


class AsyncApp(TwinUser):
    """Users of the non-blocking twin."""

    service = "async_app"
    host = os.environ.get("ASYNC_APP_URL", f"http://127.0.0.1:{ports.ASYNC_APP}")


@events.init.add_listener  # type: ignore[untyped-decorator] # see above
def attach_page(environment: Any, **_event: Any) -> None:
    """Add the arrivals that `--rate` asks for, and the race page to Locust's web UI, at /race."""
    arrivals = ProfileArrivals(environment)
    try:
        arrivals.asked_for()
        attach(environment, twins(os.environ), arrivals)
    except ValueError as mistake:
        sys.exit(str(mistake))
