"""The Locust profile of `sync-vs-async race`: users of the services that RACERS names."""

import os
import sys
from typing import Any

from locust import events
from locust.runners import WorkerRunner

from loadtest.generator import latency_buckets
from loadtest.generator.options import add_options
from loadtest.generator.profile import ProfileArrivals, follow_scenario
from loadtest.race import audience, worker
from loadtest.race.command import GENERATORS, PLACE
from loadtest.race.door import open_door
from loadtest.race.page import attach
from loadtest.race.public import PUBLIC_URL
from loadtest.race.users import user_classes
from loadtest.web_ui import page
from loadtest.web_ui.racers import RACERS, read
from loadtest.workload.share import Share

latency_buckets.install()
events.init_command_line_parser.add_listener(add_options)  # type: ignore[no-untyped-call] # Locust has no types for it

racers = read(os.environ[RACERS])
users = user_classes(racers)
globals().update(users)


@events.init.add_listener  # type: ignore[untyped-decorator] # see above
def attach_page(environment: Any, **_event: Any) -> None:
    """Add the pages at /race and /twins, or follow the master that has them."""
    follow_scenario(environment)
    arrivals, number = ProfileArrivals(environment), int(os.environ.get(GENERATORS, "1"))
    if isinstance(environment.runner, WorkerRunner):
        worker.follow(environment, racers, users, arrivals, Share(int(os.environ[PLACE]), number))
        return
    others = audience.read(os.environ)
    attach(environment, racers, arrivals, os.environ.get(PUBLIC_URL, ""), others, generators=number)
    page.attach(environment, racers)
    try:
        open_door(environment.web_ui.app, others.addresses, environment.web_ui.port)
    except OSError as error:
        sys.exit(f"The race cannot be reached in the room: {error.strerror}.")


@events.quitting.add_listener  # type: ignore[untyped-decorator] # see above
def let_go(environment: Any, **_event: Any) -> None:
    """Quit without waiting for users, because the services end at the same time."""
    environment.stop_timeout = 0
