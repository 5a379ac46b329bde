"""The command sync-vs-async."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

from serving.command_line import Parser as OneLineParser
from serving.serve import raise_descriptors

from .asked import (
    QUICK_SERVICES,
    Mistake,
    contenders,
    folder,
    options,
    refuse_too_many_connections,
    refuse_twice,
    results_file,
    services,
)
from .commands import FAILED, compare, draw_one, draw_two, report, serve_all, trace_beside
from .compare import Comparison
from .lineup import cores, lineup
from .report.pairs import refuse_others
from .results import load
from .scenarios import ABOUT
from .serve import parts, race, twins
from .terminal import console

FEWEST_LANES, MOST_LANES = 2, 3
"""Of a race: as many as there is room for on its page."""

COMPARE_EXAMPLES = """examples:
  sync-vs-async compare                                        the whole line-up, in at most two minutes
  sync-vs-async compare --quick                                three services, in at most half a minute
  sync-vs-async compare --services flask-threads,aiohttp       two of them
  sync-vs-async compare --services flask-threads:threads=8,flask-threads:threads=128 --users 1,8,128
  sync-vs-async compare --scenario query --users 1,20,200 --delay 100ms
  POOL_SIZE=50 sync-vs-async compare --scenario fetch --services flask-threads,aiohttp:pool-size=100
  sync-vs-async compare --scenario ask --services flask,aiohttp --delay 100ms
  sync-vs-async compare --users 1,50,100 --delay 500ms --seconds 5 --repeats 3
  sync-vs-async compare --quick --open --trace                 the report in a browser, the requests for Perfetto
  sync-vs-async compare --services aiohttp --target mine=http://127.0.0.1:5001 --path /slow

exit status: 0 a verdict, 2 inconclusive (the verdict says why) or interrupted, 1 failed to run"""

SERVE_EXAMPLES = """examples:
  sync-vs-async serve                                          both twins, on http://127.0.0.1:8001 and 8002
  sync-vs-async serve --services flask,aiohttp                 services of the line-up
  sync-vs-async serve --services flask-threads:threads=8,flask-threads:threads=64,aiohttp
  POOL_SIZE=2 sync-vs-async serve                              the environment sets the limits of all services
  DATABASE_URL=postgresql://127.0.0.1/mine sync-vs-async serve with a database of your own

exit status: 0 after Ctrl-C, 1 where something did not start or ended"""

REPORT_EXAMPLES = """examples:
  sync-vs-async report results/latest                          its report.html, anew
  sync-vs-async report results/latest --open --trace           in a browser, and trace.json for Perfetto
  sync-vs-async report before/results.json after/results.json  one drawn over the other

exit status: 0 drawn, 1 not drawn"""

RACE_EXAMPLES = """examples:
  sync-vs-async race                                           flask, flask-threads and aiohttp
  sync-vs-async race --services flask-threads,aiohttp          two of the line-up
  sync-vs-async race --services flask-threads:threads=8,flask-threads:threads=128,aiohttp

The services share this machine's cores while they race: it is a show. sync-vs-async compare gives the verdict.

exit status: 0 after Ctrl-C, 1 where something did not start or ended"""


class Parser(OneLineParser):
    """Answers a mistake with the status of a run that failed; 2 is taken."""

    mistaken = FAILED


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its status."""
    parser = _parser()
    given = parser.parse_args(arguments)
    given.command = ["sync-vs-async", *(sys.argv[1:] if arguments is None else arguments)]
    try:
        run: Callable[[], int] = given.prepare(given)
    except (Mistake, ValueError) as mistake:
        parser.error(str(mistake))
    raise_descriptors()
    sys.exit(run())


def _prepare_compare(given: argparse.Namespace) -> Callable[[], int]:
    comparison = Comparison(contenders(given), options(given), given.command)
    if "database" in comparison.needs and not os.environ.get("DATABASE_URL"):
        refuse_too_many_connections(comparison.services)
    drawn = partial(draw_one, trace=given.trace, opened=given.open)
    return partial(compare, comparison, folder(given.out), console(), drawn)


def _prepare_report(given: argparse.Namespace) -> Callable[[], int]:
    paths = [results_file(text) for text in given.results]
    runs = [load(path) for path in paths]
    if len(runs) > 2:
        raise Mistake(f"report takes one results file, or two to draw one over the other; got {len(runs)}.")
    if given.trace and len(runs) == 2:
        raise Mistake("--trace takes one results file.")
    out = paths[-1].with_name("report.html" if len(runs) == 1 else "before-after.html")
    if given.out is not None:
        out = Path(given.out)
        folder(str(out.parent))
        if out.is_dir():
            raise Mistake(f"--out takes a file; {given.out!r} is a folder.")
    for path in (out, trace_beside(out)) if given.trace else (out,):
        if path.exists() and any(path.samefile(read) for read in paths):
            raise Mistake(f"{path} would be written over.")
    if len(runs) == 2:
        refuse_others(*runs)
    if len(runs) == 1:
        return partial(report, partial(draw_one, out, runs[0], trace=given.trace, opened=given.open), console())
    return partial(report, partial(draw_two, out, runs[0], runs[1], opened=given.open), console())


def _prepare_serve(given: argparse.Namespace) -> Callable[[], int]:
    if given.services is None:
        return partial(serve_all, twins(), console())
    chosen = services(given.services)
    refuse_twice(chosen, "served")
    return partial(serve_all, parts(chosen), console())


def _prepare_race(given: argparse.Namespace) -> Callable[[], int]:
    chosen = services(given.services)
    refuse_twice(chosen, "in a race")
    if not FEWEST_LANES <= len(chosen) <= MOST_LANES:
        raise Mistake(f"A race takes {FEWEST_LANES} or {MOST_LANES} services; got {len(chosen)}.")
    return partial(serve_all, race(chosen), console())


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="sync-vs-async", description="Blocking and non-blocking, measured alike.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser(
        "serve",
        help="run the services with all that they wait for, until Ctrl-C",
        description="Runs a PostgreSQL database, a slow HTTP service and both twins in one terminal, and takes all of "
        "it down on Ctrl-C or when one of them ends.",
        epilog=SERVE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    serve.set_defaults(prepare=_prepare_serve)
    serve.add_argument(
        "--services",
        metavar="A,B",
        help=f"services to serve, of {', '.join(lineup(cores()))}, each of which may be changed, as in "
        "flask-threads:threads=8 (default: python -m sync_app and python -m async_app)",
    )
    report = commands.add_parser(
        "report",
        help="draw the report of a run again, or of two runs one over the other",
        description="Draws results.json of compare as one HTML file, which needs nothing else to be read.",
        epilog=REPORT_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    report.set_defaults(prepare=_prepare_report)
    report.add_argument(
        "results", nargs="+", metavar="RESULTS", help="results.json, or its folder; two of them: before and after"
    )
    report.add_argument(
        "--out",
        metavar="FILE",
        help="where it goes (default: report.html or before-after.html beside the last RESULTS)",
    )
    _report_options(report)
    race = commands.add_parser(
        "race",
        help="run two or three services side by side under one load, live on a page for the wall",
        description="Runs what serve runs, with Locust, which puts the same load on all services at once, and a page "
        "that shows what happens to the requests. Users, delay and scenario are chosen on the page.",
        epilog=RACE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    race.set_defaults(prepare=_prepare_race)
    race.add_argument(
        "--services",
        metavar="A,B",
        default=",".join(QUICK_SERVICES),
        help="two or three services, named as for serve (default: %(default)s)",
    )
    compare = commands.add_parser(
        "compare",
        help="run the services one after the other under load, and say what happened and why",
        description="Runs each service on its own under a closed load of growing numbers of users, holds every figure "
        "against its prediction, and says what bound it.",
        epilog=COMPARE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    compare.set_defaults(prepare=_prepare_compare)
    names = ", ".join(lineup(cores()))
    compare.add_argument("--quick", action="store_true", help="fewer services and shorter steps: at most 30 s")
    compare.add_argument(
        "--services",
        metavar="A,B",
        help=f"services to compare, of {names}; each may be changed, as in "
        "flask-threads:workers=1:threads=64 or aiohttp:worker-class=CLASS (default: all; with --quick: "
        f"{', '.join(QUICK_SERVICES)})",
    )
    compare.add_argument(
        "--scenario",
        metavar="NAME",
        choices=ABOUT,
        default="delay",
        help="what every request waits for: " + "; ".join(f"{name}: {about}" for name, about in ABOUT.items()),
    )
    compare.add_argument(
        "--users", metavar="1,10,...", help="numbers of users (default: 1,10,64,400; quick: 1,8,32,200)"
    )
    compare.add_argument(
        "--delay", help="how long each request waits on the service (default: 250ms; with --quick: 100ms)"
    )
    compare.add_argument("--think", default="0s", help="how long a user thinks between requests (default: %(default)s)")
    compare.add_argument("--seconds", type=float, help="shortest measuring window of a step (default: 1)")
    compare.add_argument("--repeats", type=int, help="how often everything is measured (default: 2; with --quick: 1)")
    compare.add_argument("--out", default="results", metavar="DIR", help="where results go (default: %(default)s)")
    compare.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="NAME=URL",
        help="compare a running HTTP service that is not ours, too; may be given again",
    )
    compare.add_argument("--path", default="/", help="what is asked of every --target (default: %(default)s)")
    compare.add_argument("--allow-remote", action="store_true", help="let a --target be on another machine")
    _report_options(compare)
    return parser


def _report_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--open", action="store_true", help="open the report in a browser")
    command.add_argument(
        "--trace", action="store_true", help="write each step's first requests to trace.json, for Perfetto, as well"
    )
