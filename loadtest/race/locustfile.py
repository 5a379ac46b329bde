"""The Locust profile of `sync-vs-async race`: users of the services that RACERS names."""

import os
import sys
from typing import Any

from locust import events

from loadtest.generator import latency_buckets
from loadtest.generator.options import add_options
from loadtest.generator.profile import ProfileArrivals, follow_scenario
from loadtest.race import audience
from loadtest.race.door import open_door
from loadtest.race.page import attach
from loadtest.race.public import PUBLIC_URL
from loadtest.race.users import user_classes
from loadtest.web_ui import page
from loadtest.web_ui.racers import RACERS, read

latency_buckets.install()
events.init_command_line_parser.add_listener(add_options)  # type: ignore[no-untyped-call] # Locust has no types for it

racers = read(os.environ[RACERS])
globals().update(user_classes(racers))


@events.init.add_listener  # type: ignore[untyped-decorator] # see above
def attach_page(environment: Any, **_event: Any) -> None:
    """Add the pages at /race and /twins."""
    follow_scenario(environment)
    others = audience.read(os.environ)
    attach(environment, racers, ProfileArrivals(environment), os.environ.get(PUBLIC_URL, ""), others)
    page.attach(environment, racers)
    try:
        open_door(environment.web_ui.app, others.addresses, environment.web_ui.port)
    except OSError as error:
        sys.exit(f"The race cannot be reached in the room: {error.strerror}.")


@events.quitting.add_listener  # type: ignore[untyped-decorator] # see above
def let_go(environment: Any, **_event: Any) -> None:
    """Quit without waiting for users, because the services end at the same time."""
    environment.stop_timeout = 0
