"""The words of the command line: its commands, their options, and examples that can be pasted."""

import argparse
from collections.abc import Callable, Mapping

from loadtest.contenders.selection import ALL
from loadtest.contenders.service import CORE, cores, lineup
from loadtest.results.suite import CPU, DELAY, HEALTHZ, WAYS
from loadtest.workload.scenarios import ABOUT
from serving.command_line import Parser as OneLineParser

from .asked import QUICK_SERVICES
from .commands import FAILED, LINEUP

Prepare = Callable[[argparse.Namespace], Callable[[], int]]
"""Checks what was asked for, and returns what runs it."""

COMPARE_EXAMPLES = """examples:
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

SERVE_EXAMPLES = """examples:
  sync-vs-async serve                                          both twins, on http://127.0.0.1:8001 and 8002
  sync-vs-async serve --services flask,aiohttp                 services of the line-up
  sync-vs-async serve --services all                           all of them
  sync-vs-async serve --services flask-threads:threads=8,flask-threads:threads=64,aiohttp
  POOL_SIZE=2 sync-vs-async serve                              the environment sets the limits of all services
  DATABASE_URL=postgresql://127.0.0.1/mine sync-vs-async serve with a database of your own

exit status: 0 after Ctrl-C, 1 where something did not start or ended"""

REPORT_EXAMPLES = """examples:
  sync-vs-async report results/latest                          its report.html, anew
  sync-vs-async report results/latest --open --trace           in a browser, and trace.json for Perfetto
  sync-vs-async report before/results.json after/results.json  one drawn over the other
  sync-vs-async report results/2026-01-31T12-00-00             the page of the line-up, of what lineup left there

exit status: 0 drawn, 1 not drawn"""

RACE_EXAMPLES = """examples:
  sync-vs-async race                                           flask, flask-threads and aiohttp
  sync-vs-async race --services flask-threads,aiohttp          two of the line-up
  sync-vs-async race --services flask-threads:threads=8,flask-threads:threads=128,aiohttp

The services share this machine's cores while they race: it is a show. sync-vs-async compare gives the verdict.

exit status: 0 after Ctrl-C, 1 where something did not start or ended"""


LINEUP_EXAMPLES = """examples:
  sync-vs-async lineup                                         every framework: a good quarter of an hour on two cores
  sync-vs-async lineup --services flask-threads,aiohttp        two services, in one to two minutes
  sync-vs-async lineup --services django,fastapi --repeats 1 --open
  sync-vs-async report results/latest                          its page, anew

exit status: 0 a verdict, 2 inconclusive (the page says why) or interrupted, 1 failed to run"""


class Parser(OneLineParser):
    """Answers a mistake with the status of a run that failed; 2 is taken."""

    mistaken = FAILED


def parser(prepare: Mapping[str, Prepare]) -> Parser:
    """What reads the command line; `prepare` has what checks each command."""
    whole = Parser(prog="sync-vs-async", description="Blocking and non-blocking, measured alike.")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, about: str, description: str, examples: str) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = commands.add_parser(
            name,
            help=about,
            description=description,
            epilog=examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(prepare=prepare[name])
        return added

    _serve(
        command(
            "serve",
            "run the services with all that they wait for, until Ctrl-C",
            "Runs a PostgreSQL database, a slow HTTP service and both twins in one terminal, and takes all of it down "
            "on Ctrl-C or when one of them ends.",
            SERVE_EXAMPLES,
        )
    )
    _report(
        command(
            "report",
            "draw the report of a run again, or of two runs one over the other",
            "Draws what compare or lineup left as one HTML file, which needs nothing else to be read.",
            REPORT_EXAMPLES,
        )
    )
    _race(
        command(
            "race",
            "run two or three services side by side under one load, live on a page for the wall",
            "Runs what serve runs, with Locust, which puts the same load on all services at once, and a page that "
            "shows what happens to the requests. Users, delay and scenario are chosen on the page.",
            RACE_EXAMPLES,
        )
    )
    _compare(
        command(
            "compare",
            "run the services one after the other under load, and say what happened and why",
            "Runs each service on its own under a closed load of growing numbers of users, holds every figure against "
            "its prediction, and says what bound it.",
            COMPARE_EXAMPLES,
        )
    )
    users = ", ".join(map(str, WAYS[DELAY].users))
    _lineup(
        command(
            "lineup",
            "compare every framework of the line-up, under a wait and beside two controls",
            f"Runs three comparisons one after the other, and draws one page: a wait of {WAYS[DELAY].delay} at {users} "
            f"users, {WAYS[CPU].delay} of computing at {WAYS[CPU].users[-1]} users, and /healthz, which does nothing, "
            f"at {WAYS[HEALTHZ].users[-1]} users who each pause for {WAYS[HEALTHZ].think}.",
            LINEUP_EXAMPLES,
        )
    )
    return whole


def _serve(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--services",
        metavar="A,B",
        help=f"services to serve, of {_names()}, each of which may be changed, as in flask-threads:threads=8, or {ALL} "
        "(default: python -m sync_app and python -m async_app)",
    )


def _report(report: argparse.ArgumentParser) -> None:
    report.add_argument(
        "results",
        nargs="+",
        metavar="RESULTS",
        help="results.json, or its folder, or that of a line-up; two results.json: before and after",
    )
    report.add_argument(
        "--out",
        metavar="FILE",
        help=f"where it goes (default: report.html, before-after.html or {LINEUP} beside the last RESULTS)",
    )
    _opened(report)
    _traced(report)


def _race(race: argparse.ArgumentParser) -> None:
    race.add_argument(
        "--services",
        metavar="A,B",
        default=",".join(QUICK_SERVICES),
        help="two or three services, named as for serve (default: %(default)s)",
    )


def _lineup(every: argparse.ArgumentParser) -> None:
    every.add_argument(
        "--services",
        metavar="A,B",
        default=ALL,
        help="services to compare, named as for compare (default: %(default)s, all of the line-up)",
    )
    every.add_argument(
        "--seconds",
        type=float,
        default=1.0,
        help="shortest measuring window of a step; the controls have four times as long (default: %(default)g)",
    )
    every.add_argument("--repeats", type=int, default=2, help="how often everything is measured (default: %(default)s)")
    every.add_argument("--out", default="results", metavar="DIR", help="where results go (default: %(default)s)")
    _opened(every)


def _compare(compare: argparse.ArgumentParser) -> None:
    compare.add_argument("--quick", action="store_true", help="fewer services and shorter steps: at most 30 s")
    compare.add_argument(
        "--services",
        metavar="A,B",
        help=f"services to compare, of {_names()}, or {ALL}; each may be changed, as in "
        "flask-threads:workers=1:threads=64 or aiohttp:worker-class=CLASS (default: "
        f"{', '.join(CORE)}; with --quick: {', '.join(QUICK_SERVICES)})",
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
    _opened(compare)
    _traced(compare)


def _names() -> str:
    return ", ".join(lineup(cores()))


def _opened(command: argparse.ArgumentParser) -> None:
    command.add_argument("--open", action="store_true", help="open the report in a browser")


def _traced(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--trace", action="store_true", help="write each step's first requests to trace.json, for Perfetto, as well"
    )
