"""The Locust profile of `sync-vs-async race`: users of the services that LANES names."""

import os
from typing import Any

from locust import events

from loadtest import buckets
from loadtest.arguments import add_options
from loadtest.race.lanes import LANES, read
from loadtest.race.page import attach
from loadtest.race.users import user_classes

buckets.install()
events.init_command_line_parser.add_listener(add_options)  # type: ignore[no-untyped-call] # Locust has no types for it

lanes = read(os.environ[LANES])
globals().update(user_classes(lanes))


@events.init.add_listener  # type: ignore[untyped-decorator] # see above
def attach_page(environment: Any, **_event: Any) -> None:
    """The page at /race."""
    attach(environment, lanes)


@events.quitting.add_listener  # type: ignore[untyped-decorator] # see above
def let_go(environment: Any, **_event: Any) -> None:
    """Wait for nobody: the services end together with their users."""
    environment.stop_timeout = 0
