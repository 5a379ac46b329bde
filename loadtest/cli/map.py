"""`sync-vs-async map`: show from which wait on one service carries more than another, and try that at twelve points."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from loadtest.contenders.cores import SHARED_WORD, Cores
from loadtest.contenders.service import Service
from loadtest.measure.calibration import DELAY
from loadtest.measure.comparison import Comparison
from loadtest.results.schema import Results
from loadtest.results.suite import save_all
from loadtest.results.waits import POINTS, options
from loadtest.terminal.map import show_map
from loadtest.verdict.mapped import headline
from loadtest.verdict.where import PREFERRED
from loadtest.workload.scenarios import MAPPED

from .options import (
    REPEATS,
    SECONDS,
    Command,
    Mistake,
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

PAGE = "map.html"

EXAMPLES = """examples:
  sync-vs-async map                                            flask-threads and aiohttp: a minute and a half
  sync-vs-async map --services flask,flask-gevent --open       how much more the second carries than the first
  sync-vs-async map --scenario fetch                           every request waits for the upstream
  sync-vs-async report results/latest                          draw the page again

exit status: 0 conclusive, 2 inconclusive (the page says why) or interrupted, 1 failed to run"""


@click.command(
    "map",
    cls=Command,
    short_help="Show from which wait on one service carries more than another, and try it at twelve points.",
    help=f"Calibrate two services with waits of {DELAY * 1000:g} ms, compute how many times the throughput of the "
    "first the second has with waits from 1 ms to 10 s and 1 to 10000 requests in flight, and measure it elsewhere: "
    + "; ".join(f"{wait} with {', '.join(map(str, users))} users" for wait, users in reversed([*POINTS.items()]))
    + ".",
    epilog=EXAMPLES,
)
@services_option(
    "Two services, separated by commas; `sync-vs-async compare --help` lists the names.", default=",".join(PREFERRED)
)
@click.option(
    "--scenario",
    type=click.Choice(MAPPED),
    metavar="NAME",
    default="delay",
    show_default=True,
    help=f"What every request waits for: {', '.join(MAPPED)}; `sync-vs-async compare --help` explains them.",
)
@click.option(
    "--seconds",
    type=SECONDS,
    default=1.0,
    show_default=True,
    help="Minimum length of the measured window of each step, in seconds, from 0.5 to 600.",
)
@click.option(
    "--repeats", type=REPEATS, default=1, show_default=True, help="Number of times to run every step, from 1 to 20."
)
@cores_option
@out_folder
@opened
@telling_options
@click.pass_obj
def map_(
    command: list[str],
    cores: Cores,
    services: list[Service],
    scenario: str,
    seconds: float,
    repeats: int,
    out: str,
    *,
    opened: bool,
    telling: Telling,
) -> int:
    """Run the comparisons, and return the exit status."""
    refuse_twice([service.name for service in services], "compared")
    if len(services) != 2:
        raise Mistake(f"A map takes two services; got {len(services)}.")
    if not cores.apart:
        raise Mistake(
            "A map needs the CPU time of a request, which can only be calibrated if the services have cores of their "
            f"own: at least two cores, and not --cores {SHARED_WORD}."
        )
    comparisons: dict[str, Comparison] = {}
    for wait in POINTS:
        asked = options(wait, scenario, seconds, repeats)
        first = next(iter(comparisons.values()), None)
        with mistakes():
            comparisons[wait] = Comparison([*services], asked, command, cores, calibrated_by=first)
    return run_all(comparisons, folder(out), telling, OUTCOME, opened=opened)


def draw_map(measured: Mapping[str, Results], page: Path) -> Sequence[Path]:
    """Draw the page of a map, and return the files written."""
    from loadtest.report import write  # noqa: PLC0415 - this import takes half a second

    return [write.write_map(measured, page)]


OUTCOME = Outcome(save_all, show_map, lambda measured, folder: draw_map(measured, folder / PAGE), headline=headline)
