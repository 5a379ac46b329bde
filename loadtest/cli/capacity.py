"""`sync-vs-async capacity`: find the highest rate of arrivals that each service carries within its objectives."""

import os
from collections.abc import Sequence
from typing import Any

import click

from loadtest.contenders.cores import Cores
from loadtest.contenders.secrets import Secrets
from loadtest.contenders.service import Service
from loadtest.measure.capacity import CapacitySearch
from loadtest.measure.sufficient import sufficient
from loadtest.results.schema import Options, save
from loadtest.terminal.capacity import show_capacities
from loadtest.verdict.objectives import Objective, objective
from loadtest.verdict.requirements import CAPACITY, refuse
from loadtest.workload.scenarios import ABOUT, SLOW, SLOW_CLIENTS

from .crew import crew, crew_options, refuse_crew
from .gate import STATUSES, gate, gate_options
from .options import (
    OPEN,
    QUICK_SERVICES,
    Command,
    Mistake,
    cores_option,
    folder,
    mistakes,
    open_loads,
    open_options,
    opened,
    out_folder,
    refuse_impatience,
    refuse_too_many_connections,
    refuse_twice,
    services_option,
    takes_the_delay,
    wait_of,
)
from .run import Outcome, draw_comparison, run_all
from .telling import Telling, telling_options

BUDGET, QUICK_BUDGET = 180.0, 60.0
"""Seconds that the search may take for each service."""

EXAMPLES = (
    """examples:
  sync-vs-async capacity                                       flask, flask-threads, aiohttp: up to three minutes each
  sync-vs-async capacity --quick                               up to one minute each; answers are wider
  sync-vs-async capacity --services flask-threads,flask-threads:threads=64 --delay 250ms
  sync-vs-async capacity --scenario query --slo 'p99<300ms' --slo 'errors<0.1%'
  sync-vs-async capacity --services aiohttp --require 'capacity>=200' --junit junit.xml
  sync-vs-async report results/latest                          draw the report again

"""
    + STATUSES
)


class Slo(click.ParamType[Objective]):
    """An objective such as p99<500ms."""

    name = "OBJECTIVE"

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> Objective:
        """Return the objective. Raises Mistake if the text is none."""
        with mistakes():
            return objective(value) if isinstance(value, str) else value


@click.command(
    cls=Command,
    short_help="Find the highest rate of arrivals that each service carries within its objectives.",
    help="Search for the highest rate of arrivals at which a service meets all objectives. The search begins where the "
    "model predicts it. Each probe runs on a fresh server, and decides only if the 95 % interval of the share of "
    "arrivals that missed an objective lies on one side of what it allows; otherwise it is repeated. The answer is the "
    "highest rate that passed and the lowest that failed, with what bound the service there.",
    epilog=EXAMPLES,
)
@services_option(
    "Services, separated by commas; `sync-vs-async compare --help` lists the names.", default=",".join(QUICK_SERVICES)
)
@click.option(
    "--scenario",
    type=click.Choice(list(ABOUT)),
    metavar="NAME",
    default="delay",
    show_default=True,
    help="Kind of request that arrives; `sync-vs-async compare --help` explains them.",
)
@click.option(
    "--delay", metavar="DURATION", default="250ms", show_default=True, help="Duration of each wait of a request."
)
@click.option(
    "--slo",
    type=Slo(),
    multiple=True,
    default=("p99<500ms",),
    show_default=True,
    help="Objective of the service; may be repeated. p99<500ms: at least 99 % of the arrivals are answered within "
    "500 ms, from the intended start; errors<1%: fewer than 1 % are refused, fail or get no answer.",
)
@click.option(
    "--quick", is_flag=True, help=f"Search for at most {QUICK_BUDGET:g} s per service instead of {BUDGET:g} s."
)
@open_options
@cores_option
@crew_options
@out_folder
@gate_options
@opened
@telling_options
@click.pass_obj
def capacity(
    command: list[str],
    /,
    cores: Cores,
    services: list[Service],
    scenario: str,
    delay: str,
    slo: Sequence[Objective],
    out: str,
    *,
    quick: bool,
    opened: bool,
    telling: Telling,
    **given: Any,
) -> int:
    """Check all options, run the search, and return the exit status."""
    names = [each.name for each in services]
    refuse_twice(names, "searched")
    held = gate(given)
    objectives = list(dict.fromkeys(slo))
    with held.failing(), mistakes():
        refuse(held.requirements, names, deadline=False, only=CAPACITY)
        options = Options(
            scenario=scenario,
            loads=open_loads([1.0], {name: given[name] for name in OPEN}),
            delay=delay,
            wait=wait_of(delay, scenario),
            seconds=1.0,
            repeats=1,
            objectives=[each.text for each in objectives],
            requirements=held.texts,
            deadlines=sorted({each.deadline for each in objectives if each.deadline}),
            slow_clients=SLOW if scenario == SLOW_CLIENTS else 0,
        )
        refuse_impatience(options)
        refuse_crew(given, [])
        _refuse_unreachable(objectives, options)
        budget, secrets = QUICK_BUDGET if quick else BUDGET, Secrets(os.environ)
        search = CapacitySearch(services, options, command, cores, objectives, budget, secrets)
        refuse_too_many_connections(services, search.needs)
        where = folder(out)
        search.crew = crew(given, lambda: sufficient(search.predicted, cores), telling.screen, secrets)
    outcome = Outcome(
        save=lambda measured, folder: save(measured[scenario], folder),
        show=lambda screen, measured, *, details: show_capacities(screen, measured[scenario], details=details),
        draw=lambda measured, saved: draw_comparison(measured[scenario], saved.with_name("report.html"), trace=False),
        judge=lambda screen, measured: held.judge(screen, measured[scenario]),
    )
    return run_all({scenario: search}, where, telling, outcome, opened=opened)


def _refuse_unreachable(objectives: Sequence[Objective], options: Options) -> None:
    """Raise Mistake if a request waits for as long as an objective allows, so that no rate can meet it."""
    for each in objectives:
        if each.deadline is not None and takes_the_delay(options.scenario) and options.wait >= each.deadline:
            raise Mistake(f"--delay must be shorter than what {each.text} allows; got {options.delay!r}.")
