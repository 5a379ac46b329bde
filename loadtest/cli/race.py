"""`sync-vs-async race`: services side by side under one load, live on a page."""

import click

from loadtest.contenders.service import Service
from loadtest.race import command
from loadtest.terminal.progress import console

from .options import QUICK_SERVICES, Command, Mistake, refuse_twice, services_option
from .run import serve_until_stopped

FEWEST, MOST = 2, 3
"""Services of a race: as many as there is room for on its page."""

EXAMPLES = """examples:
  sync-vs-async race                                           flask, flask-threads and aiohttp
  sync-vs-async race --services flask-threads,aiohttp          two of the line-up
  sync-vs-async race --services flask-threads:threads=8,flask-threads:threads=128,aiohttp

The services share this machine's cores while they race: it is a show. sync-vs-async compare gives the verdict.

exit status: 0 after Ctrl-C, 1 where something did not start or ended"""


@click.command(
    cls=Command,
    short_help="Run two or three services side by side under one load, live on a page for the wall.",
    help="Run what serve runs, with Locust, which puts the same load on all services at once, and a page that shows "
    "what happens to the requests. Users, delay and scenario are chosen on the page.",
    epilog=EXAMPLES,
)
@services_option("Two or three services, named as for serve.", default=",".join(QUICK_SERVICES))
def race(services: list[Service]) -> int:
    """Race until Ctrl-C, and return the exit status."""
    refuse_twice([service.name for service in services], "in a race")
    if not FEWEST <= len(services) <= MOST:
        raise Mistake(f"A race takes {FEWEST} or {MOST} services; got {len(services)}.")
    return serve_until_stopped(command.race(services), console())
