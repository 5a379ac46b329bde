"""`sync-vs-async race`: run services side by side under the same load, live on a web page."""

import click

from loadtest.contenders.service import Service
from loadtest.processes.room import Room
from loadtest.race import command
from loadtest.race.audience import Audience
from loadtest.race.public import PUBLIC_URL, public
from loadtest.race.watches import watches
from loadtest.terminal.progress import console

from .options import QUICK_SERVICES, Command, Mistake, Number, mistakes, refuse_twice, services_option
from .room import host_option
from .run import serve_until_stopped

FEWEST, MOST = 2, 3
"""The numbers of services in a race: more would not fit on its page."""

GENERATORS = Number("--generators", 1, 16)

BOTH = (
    "--host and --public-url exclude each other: whoever comes through a proxy on this machine may start and stop load."
)

UNWATCHED = "--watch names the line that holds an event loop; none of these services runs one."

EXAMPLES = """examples:
  sync-vs-async race                                           flask, flask-threads and aiohttp
  sync-vs-async race --services flask-threads,aiohttp          two services of the line-up
  sync-vs-async race --services flask-threads:threads=8,flask-threads:threads=128,aiohttp
  sync-vs-async race --host 0.0.0.0                            others in the room can look at it
  sync-vs-async race --generators 2                            more load than one process can send
  sync-vs-async race --watch                                   the page names the line that holds an event loop

A race is a demonstration: its services share the machine's cores. For measurements, run sync-vs-async compare.

exit status: 0 after Ctrl-C, 1 if a process did not start or exited"""


@click.command(
    cls=Command,
    short_help="Run two or three services side by side under the same load, live on a web page.",
    help="Run services as serve does, and Locust, which puts the same load on all of them at once. A web page shows "
    "the requests live; choose users or arrivals, delay and scenario there.",
    epilog=EXAMPLES,
)
@services_option("Two or three services, separated by commas and named as for serve.", default=",".join(QUICK_SERVICES))
@click.option(
    "--public-url",
    metavar="URL",
    envvar=PUBLIC_URL,
    default="",
    help="Where a reverse proxy publishes the web app, such as https://workshop.example/race-demo/, so that requests "
    "from there are accepted, too (default: nowhere).",
)
@click.option(
    "--generators",
    type=GENERATORS,
    default=1,
    show_default=True,
    help="Number of processes that send the requests, from 1 to 16; each of them can use one core.",
)
@click.option(
    "--watch",
    is_flag=True,
    help="Watch the services that run event loops: the page names the line that holds a loop. Watching takes a few "
    "percent of their throughput.",
)
@host_option("Others can look at the race; only this machine starts, changes and stops it.")
def race(services: list[Service], public_url: str, generators: int, watch: bool, room: Room | None) -> int:
    """Run the race until Ctrl-C, and return the exit status."""
    with mistakes():
        public(public_url)
    if public_url and room:
        raise Mistake(BOTH)
    refuse_twice([service.name for service in services], "in a race")
    if not FEWEST <= len(services) <= MOST:
        raise Mistake(f"A race takes {FEWEST} or {MOST} services; got {len(services)}.")
    if watch and not any(each.on_a_loop for each in services):
        raise Mistake(UNWATCHED)
    with watches(services if watch else []) as watched:
        processes = command.race(services, public_url, Audience(room), generators, watched)
        return serve_until_stopped(processes, console())
