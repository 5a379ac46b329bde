"""`sync-vs-async serve`: run services, their database and their upstream in one terminal."""

import click

from loadtest.contenders.selection import ALL
from loadtest.contenders.service import Service
from loadtest.processes.room import Room
from loadtest.processes.stack import parts, twins
from loadtest.terminal.progress import console

from .options import Command, names, refuse_twice, services_option
from .room import host_option
from .run import serve_until_stopped

EXAMPLES = """examples:
  sync-vs-async serve                                          both twins, on http://127.0.0.1:8001 and 8002
  sync-vs-async serve --services flask,aiohttp                 two services of the line-up
  sync-vs-async serve --services all                           every service of the line-up
  sync-vs-async serve --services flask-threads:threads=8,flask-threads:threads=64,aiohttp
  sync-vs-async serve --host 0.0.0.0                           others in the room can use both twins
  POOL_SIZE=2 sync-vs-async serve                              limits of all services come from the environment
  DATABASE_URL=postgresql://127.0.0.1/mine sync-vs-async serve use your own database

exit status: 0 after Ctrl-C, 1 if a process did not start or exited"""


@click.command(
    cls=Command,
    short_help="Run services, their database and their upstream, until Ctrl-C.",
    help="Run a PostgreSQL database, a slow HTTP service (the upstream) and both twins in one terminal. All stop on "
    "Ctrl-C, or when one of them exits.",
    epilog=EXAMPLES,
)
@services_option(
    f"Services to run, separated by commas: {names()}; {ALL} means every one. Settings may follow a name: workers, "
    "threads, pool-size, max-in-flight and worker-class, as in flask-threads:threads=8 (default: both twins, as python "
    "-m sync_app and python -m async_app start them)."
)
@host_option("Others can use every endpoint of the services; the database and the upstream stay on 127.0.0.1.")
def serve(services: list[Service] | None, room: Room | None) -> int:
    """Run the services until Ctrl-C, and return the exit status."""
    if services is None:
        return serve_until_stopped(twins(room), console())
    refuse_twice([service.name for service in services], "served")
    return serve_until_stopped(parts(services, room), console())
