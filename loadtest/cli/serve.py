"""`sync-vs-async serve`: the services with all that they wait for, in one terminal."""

import click

from loadtest.contenders.selection import ALL
from loadtest.contenders.service import Service
from loadtest.processes.stack import parts, twins
from loadtest.terminal.progress import console

from .options import Command, names, refuse_twice, services_option
from .run import serve_until_stopped

EXAMPLES = """examples:
  sync-vs-async serve                                          both twins, on http://127.0.0.1:8001 and 8002
  sync-vs-async serve --services flask,aiohttp                 services of the line-up
  sync-vs-async serve --services all                           all of them
  sync-vs-async serve --services flask-threads:threads=8,flask-threads:threads=64,aiohttp
  POOL_SIZE=2 sync-vs-async serve                              the environment sets the limits of all services
  DATABASE_URL=postgresql://127.0.0.1/mine sync-vs-async serve with a database of your own

exit status: 0 after Ctrl-C, 1 where something did not start or ended"""


@click.command(
    cls=Command,
    short_help="Run the services with all that they wait for, until Ctrl-C.",
    help="Run a PostgreSQL database, a slow HTTP service and both twins in one terminal, and take all of it down on "
    "Ctrl-C or when one of them ends.",
    epilog=EXAMPLES,
)
@services_option(
    f"Services to serve, of {names()}, each of which may be changed, as in flask-threads:threads=8, or {ALL} "
    "(default: python -m sync_app and python -m async_app)."
)
def serve(services: list[Service] | None) -> int:
    """Serve until Ctrl-C, and return the exit status."""
    if services is None:
        return serve_until_stopped(twins(), console())
    refuse_twice([service.name for service in services], "served")
    return serve_until_stopped(parts(services), console())
