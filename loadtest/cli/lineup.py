"""`sync-vs-async lineup`: every framework, under a wait and beside two controls."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from loadtest.contenders.selection import ALL
from loadtest.contenders.service import Service
from loadtest.measure.comparison import Comparison
from loadtest.results.schema import Results
from loadtest.results.suite import CPU, DELAY, HEALTHZ, WAYS, options, save_all
from loadtest.terminal.lineup import show_lineup
from loadtest.terminal.progress import console

from .options import REPEATS, SECONDS, Command, folder, mistakes, opened, out_folder, refuse_twice, services_option
from .run import Outcome, run_all

PAGE = "lineup.html"

EXAMPLES = """examples:
  sync-vs-async lineup                                         every framework: a good quarter of an hour on two cores
  sync-vs-async lineup --services flask-threads,aiohttp        two services, in one to two minutes
  sync-vs-async lineup --services django,fastapi --repeats 1 --open
  sync-vs-async report results/latest                          its page, anew

exit status: 0 a verdict, 2 inconclusive (the page says why) or interrupted, 1 failed to run"""


@click.command(
    cls=Command,
    short_help="Compare every framework of the line-up, under a wait and beside two controls.",
    help=f"Run three comparisons one after the other, and draw one page: a wait of {WAYS[DELAY].delay} at "
    f"{WAYS[DELAY].amounts} users, {WAYS[CPU].delay} of computing at {WAYS[CPU].loads[-1].label}, "
    f"and /healthz, which does nothing, at {WAYS[HEALTHZ].loads[-1].label} who each pause for {WAYS[HEALTHZ].pause}.",
    epilog=EXAMPLES,
)
@services_option("Services to compare, named as for compare.", default=ALL)
@click.option(
    "--seconds",
    type=SECONDS,
    default=1.0,
    show_default=True,
    help="Shortest measuring window of a step; the controls have four times as long.",
)
@click.option("--repeats", type=REPEATS, default=2, show_default=True, help="How often everything is measured.")
@out_folder
@opened
@click.pass_obj
def lineup(command: list[str], services: list[Service], seconds: float, repeats: int, out: str, *, opened: bool) -> int:
    """Run the three comparisons, and return the exit status."""
    refuse_twice([service.name for service in services], "compared")
    with mistakes():
        comparisons = {way: Comparison([*services], options(way, seconds, repeats), command) for way in WAYS}
    return run_all(comparisons, folder(out), console(), OUTCOME, opened=opened)


def draw_lineup(measured: Mapping[str, Results], page: Path) -> Sequence[Path]:
    """Draw the page of a line-up."""
    from loadtest.report import write  # noqa: PLC0415 - half a second, which nobody waits for who draws nothing

    return [write.write_lineup(measured, page)]


OUTCOME = Outcome(save_all, show_lineup, lambda measured, folder: draw_lineup(measured, folder / PAGE))
