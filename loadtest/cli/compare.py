"""`sync-vs-async compare`: services one after the other under load, and what happened and why."""

import os
from collections.abc import Sequence

import click

from backing.postgres import CONNECTIONS
from loadtest.contenders.selection import ALL
from loadtest.contenders.service import CORE, Service
from loadtest.contenders.target import Target, parsed
from loadtest.measure.comparison import Comparison
from loadtest.results.schema import Options, save
from loadtest.terminal.comparison import show
from loadtest.terminal.progress import console
from loadtest.verdict.aggregate import rows
from loadtest.workload.closed import Closed
from loadtest.workload.durations import seconds as seconds_of
from loadtest.workload.scenarios import ABOUT, longest

from .options import (
    QUICK_SERVICES,
    REPEATS,
    SECONDS,
    Command,
    Mistake,
    folder,
    mistakes,
    named,
    names,
    opened,
    out_folder,
    refuse_twice,
    services_option,
    traced,
)
from .run import Outcome, draw_comparison, run_all

EXAMPLES = """examples:
  sync-vs-async compare                                        both twins four ways, in at most two minutes
  sync-vs-async compare --quick                                three services, in at most half a minute
  sync-vs-async compare --services flask-threads,aiohttp       two of them
  sync-vs-async compare --services all --users 1,64            every framework of the line-up
  sync-vs-async compare --services flask-threads:threads=8,flask-threads:threads=128 --users 1,8,128
  sync-vs-async compare --scenario query --users 1,20,200 --delay 100ms
  POOL_SIZE=50 sync-vs-async compare --scenario fetch --services flask-threads,aiohttp:pool-size=100
  sync-vs-async compare --scenario ask --services flask,aiohttp --delay 100ms
  sync-vs-async compare --users 1,50,100 --delay 500ms --seconds 5 --repeats 3
  sync-vs-async compare --quick --open --trace                 the report in a browser, the requests for Perfetto
  sync-vs-async compare --services aiohttp --target mine=http://127.0.0.1:5001 --path /slow

exit status: 0 a verdict, 2 inconclusive (the verdict says why) or interrupted, 1 failed to run"""


def numbers(text: str) -> list[int]:
    """Return the numbers of users that a list with commas holds, each once, the smallest first."""
    counts = text.split(",")
    if not all(count.isdecimal() and 1 <= int(count) <= 10_000 for count in counts):
        raise Mistake(f"--users takes whole numbers from 1 to 10000 with commas between them; got {text!r}.")
    return sorted({int(count) for count in counts})


@click.command(
    cls=Command,
    short_help="Run the services one after the other under load, and say what happened and why.",
    help="Run each service on its own under a closed load of growing numbers of users, hold every figure against its "
    "prediction, and say what bound it.",
    epilog=EXAMPLES,
)
@click.option("--quick", is_flag=True, help="Fewer services and shorter steps: at most 30 s.")
@services_option(
    f"Services to compare, of {names()}, or {ALL}; each may be changed, as in flask-threads:workers=1:threads=64 or "
    f"aiohttp:worker-class=CLASS (default: {', '.join(CORE)}; with --quick: {', '.join(QUICK_SERVICES)})."
)
@click.option(
    "--scenario",
    type=click.Choice(list(ABOUT)),
    metavar="NAME",
    default="delay",
    help="What every request waits for: " + "; ".join(f"{name}: {about}" for name, about in ABOUT.items()),
)
@click.option(
    "--users",
    type=numbers,
    metavar="1,10,...",
    help="Numbers of users (default: 1,10,64,400; with --quick: 1,8,32,200).",
)
@click.option("--delay", help="How long each request waits on the service (default: 250ms; with --quick: 100ms).")
@click.option("--think", default="0s", show_default=True, help="How long a user thinks between requests.")
@click.option("--seconds", type=SECONDS, default=1.0, show_default=True, help="Shortest measuring window of a step.")
@click.option("--repeats", type=REPEATS, help="How often everything is measured (default: 2; with --quick: 1).")
@out_folder
@click.option(
    "--target",
    multiple=True,
    metavar="NAME=URL",
    help="Compare a running HTTP service that is not ours, too; may be given again.",
)
@click.option("--path", default="/", show_default=True, help="What is asked of every --target.")
@click.option("--allow-remote", is_flag=True, help="Let a --target be on another machine.")
@opened
@traced
@click.pass_obj
def compare(
    command: list[str],
    services: list[Service] | None,
    users: list[int] | None,
    delay: str | None,
    repeats: int | None,
    out: str,
    target: Sequence[str],
    path: str,
    scenario: str,
    think: str,
    seconds: float,
    *,
    quick: bool,
    allow_remote: bool,
    opened: bool,
    trace: bool,
) -> int:
    """Check everything, run the comparison, and return the exit status."""
    with mistakes():
        ours = named(",".join(QUICK_SERVICES if quick else CORE)) if services is None else services
        contenders: list[Service | Target] = [
            *ours,
            *(parsed(each, path, allow_remote=allow_remote) for each in target),
        ]
        refuse_twice([each.name for each in contenders], "compared")
        delay = delay if delay is not None else ("100ms" if quick else "250ms")
        pause = seconds_of("--think", think)
        options = Options(
            scenario=scenario,
            loads=[Closed(count, pause) for count in users or ([1, 8, 32, 200] if quick else [1, 10, 64, 400])],
            delay=delay,
            wait=_wait(delay, scenario),
            seconds=seconds,
            repeats=repeats or (1 if quick else 2),
        )
        comparison = Comparison(contenders, options, command)
    if "database" in comparison.needs and not os.environ.get("DATABASE_URL"):
        _refuse_too_many_connections(ours)
    outcome = Outcome(
        save=lambda measured, folder: save(measured[scenario], folder),
        show=lambda screen, measured: show(screen, measured[scenario], rows(measured[scenario])),
        draw=lambda measured, saved: draw_comparison(measured[scenario], saved.with_name("report.html"), trace=trace),
    )
    return run_all({scenario: comparison}, folder(out), console(), outcome, opened=opened)


def _wait(delay: str, scenario: str) -> float:
    """Return the seconds that a request waits; a Mistake where there is nothing to measure, or too much."""
    wait = seconds_of("--delay", delay)
    if wait < 0.001:
        raise Mistake(f"--delay takes at least 1ms, so that there is a wait to measure; got {delay!r}.")
    if wait > longest(scenario):
        raise Mistake(f"--delay takes at most {longest(scenario):g}s for {scenario}; got {delay!r}.")
    return wait


def _refuse_too_many_connections(services: Sequence[Service]) -> None:
    """Refuse a service whose pools the embedded database could not fill."""
    for service in services:
        if service.connections > CONNECTIONS:
            raise Mistake(
                f"{service.name} would open {service.connections} connections to the database, which takes "
                f"{CONNECTIONS}; choose a smaller pool-size or fewer workers."
            )
