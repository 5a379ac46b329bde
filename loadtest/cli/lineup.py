"""`sync-vs-async lineup`: compare every framework under one load that waits and two that do not."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from loadtest.contenders.cores import Cores
from loadtest.contenders.selection import ALL
from loadtest.contenders.service import Service
from loadtest.measure.comparison import Comparison
from loadtest.results.schema import Results
from loadtest.results.suite import CPU, DELAY, HEALTHZ, WAYS, options, save_all
from loadtest.terminal.lineup import show_lineup
from loadtest.verdict.lineup import headline, portraits

from .options import (
    REPEATS,
    SECONDS,
    Command,
    cores_option,
    folder,
    mistakes,
    opened,
    out_folder,
    refuse_twice,
    services_option,
)
from .run import Outcome, run_all
from .telling import Telling, telling_options

PAGE = "lineup.html"

EXAMPLES = """examples:
  sync-vs-async lineup                                         every framework: about a quarter of an hour on two cores
  sync-vs-async lineup --services flask-threads,aiohttp        two services: one to two minutes
  sync-vs-async lineup --services django,fastapi --repeats 1 --open
  sync-vs-async report results/latest                          draw the page again

exit status: 0 conclusive, 2 inconclusive (the page says why) or interrupted, 1 failed to run"""


@click.command(
    cls=Command,
    short_help="Compare every framework under one load that waits and two that do not (the controls).",
    help=f"Run three comparisons and draw one page: delay (each request waits {WAYS[DELAY].delay}; "
    f"{WAYS[DELAY].amounts} users), and two controls, cpu (computes for {WAYS[CPU].delay}; "
    f"{WAYS[CPU].loads[-1].label}) and healthz (does nothing; {WAYS[HEALTHZ].loads[-1].label} who pause "
    f"{WAYS[HEALTHZ].pause} between requests).",
    epilog=EXAMPLES,
)
@services_option(
    "Services to compare, separated by commas; `sync-vs-async compare --help` lists the names.", default=ALL
)
@click.option(
    "--seconds",
    type=SECONDS,
    default=1.0,
    show_default=True,
    help="Minimum length of the measured window of each step, in seconds, from 0.5 to 600; "
    f"{WAYS[CPU].longer} times this for cpu, {WAYS[HEALTHZ].longer} times for healthz.",
)
@click.option(
    "--repeats", type=REPEATS, default=2, show_default=True, help="Number of times to run every step, from 1 to 20."
)
@cores_option
@out_folder
@opened
@telling_options
@click.pass_obj
def lineup(
    command: list[str],
    cores: Cores,
    services: list[Service],
    seconds: float,
    repeats: int,
    out: str,
    *,
    opened: bool,
    telling: Telling,
) -> int:
    """Run the three comparisons, and return the exit status."""
    refuse_twice([service.name for service in services], "compared")
    with mistakes():
        comparisons = {way: Comparison([*services], options(way, seconds, repeats), command, cores) for way in WAYS}
    return run_all(comparisons, folder(out), telling, OUTCOME, opened=opened)


def draw_lineup(measured: Mapping[str, Results], page: Path) -> Sequence[Path]:
    """Draw the page of a line-up, and return the files written."""
    from loadtest.report import write  # noqa: PLC0415 - this import takes half a second

    return [write.write_lineup(measured, page)]


OUTCOME = Outcome(
    save_all,
    show_lineup,
    lambda measured, folder: draw_lineup(measured, folder / PAGE),
    headline=lambda measured: headline(measured, portraits(measured)),
)
