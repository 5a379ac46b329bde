"""The Locust profile. Run `locust` in the project's root: web UI on http://127.0.0.1:8089, with /twins and /race."""

import os
import sys
from typing import Any

from locust import events

from contract import ports
from loadtest.generator import latency_buckets
from loadtest.generator.options import add_options
from loadtest.generator.profile import ProfileArrivals, follow_scenario
from loadtest.generator.users import TwinUser
from loadtest.race.page import attach
from loadtest.race.public import PUBLIC_URL
from loadtest.web_ui import page
from loadtest.web_ui.racers import twins

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
def prepare(environment: Any, **_event: Any) -> None:
    """Check the options and, for a run that starts at once, the services. Add the pages to Locust's web UI."""
    arrivals = ProfileArrivals(environment)
    try:
        racers = twins(os.environ)
        arrivals.asked_for()
        follow_scenario(environment)
        attach(environment, racers, arrivals, os.environ.get(PUBLIC_URL, ""))
    except ValueError as mistake:
        sys.exit(str(mistake))
    page.attach(environment, racers)
    starts = environment.web_ui is None or environment.parsed_options.autostart
    if starts and (sentence := page.unanswered(environment, environment.host)):
        sys.exit(sentence)
