"""`sync-vs-async stalls`: find the line that holds the event loop, and what its repair would bring."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from loadtest.contenders.config import NAME, read
from loadtest.contenders.cores import Cores
from loadtest.contenders.secrets import Secrets
from loadtest.contenders.service import Service
from loadtest.contenders.target import Target, Tls
from loadtest.english import listed
from loadtest.measure.stalls import Repaired, StallSearch
from loadtest.processes.logs import Logs
from loadtest.results.schema import Options, save
from loadtest.terminal.stalls import show_stalls
from loadtest.verdict.requirements import STALLS, refuse
from loadtest.workload.open import Open
from loadtest.workload.scenarios import ABOUT, OWN

from .gate import STATUSES, gate, gate_options
from .options import (
    SECONDS,
    Command,
    Duration,
    Mistake,
    Number,
    cores_option,
    folder,
    mistakes,
    named,
    opened,
    out_folder,
    refuse_too_many_connections,
    refuse_twice,
    wait_of,
)
from .run import Outcome, draw_comparison, run_all
from .targets import answering, refuse_for_users
from .telling import Telling, telling_options

S = TypeVar("S", Service, Target)

TURNS = 3
"""Times that a service and its variant take turns."""

THREADS = Number("--threads", 1, 10_000)

EXAMPLES = (
    """examples:
  sync-vs-async stalls --services aiohttp --scenario blocking   the careless line of the line-up
  sync-vs-async stalls --services aiohttp --scenario blocking --verify offload
  sync-vs-async stalls --config examples/shop.toml --services careless --verify fastapi
  sync-vs-async stalls --config shop.toml --require 'stalls<10ms'
  sync-vs-async report results/latest                           draw the report again

"""
    + STATUSES
)


@click.command(
    cls=Command,
    short_help="Find the line that holds the event loop, and what its repair would bring.",
    help="Start a service with a watcher in its processes, find its limit, and send it requests at half of that rate. "
    "Each line of its code that keeps an event loop from all other requests is named, with what it costs and what each "
    "repair would bring by the model. The code of the service is not changed.",
    epilog=EXAMPLES,
)
@click.option(
    "--services",
    metavar="A,B",
    help="Services to watch, separated by commas: of the file, or of the line-up (default: all of the file, or "
    "aiohttp).",
)
@click.option(
    "--config",
    metavar="FILE",
    help=f"File that describes services and requests of your own (default: {NAME}, if the folder has one).",
)
@click.option(
    "--scenario",
    type=click.Choice(list(ABOUT)),
    metavar="NAME",
    help="Kind of request to a service of the line-up (default: blocking); `sync-vs-async compare --help` explains "
    "them.",
)
@click.option("--delay", metavar="DURATION", help="Duration of each wait of a request to the line-up (default: 50ms).")
@click.option(
    "--seconds",
    type=SECONDS,
    default=10.0,
    show_default=True,
    help="Length of the window in which the loops are watched, in seconds, from 0.5 to 600.",
)
@click.option(
    "--least",
    type=Duration("--least"),
    default="10ms",
    show_default=True,
    help="Shortest time for which a callback must hold a loop to count.",
)
@click.option(
    "--threads",
    type=THREADS,
    help="Threads to which blocking calls could move, for the prediction (default: as asyncio.to_thread has, the cores "
    "of the machine and four more, at most 32; for the line-up, those of /offload).",
)
@click.option(
    "--verify",
    metavar="OTHER",
    help="Run a repaired variant and print its measured limit beside the prediction: another service of the file, or "
    "for the line-up another scenario, such as offload for blocking.",
)
@cores_option
@out_folder
@gate_options
@opened
@telling_options
@click.pass_obj
def stalls(
    command: list[str],
    /,
    cores: Cores,
    services: str | None,
    config: str | None,
    scenario: str | None,
    delay: str | None,
    seconds: float,
    least: float,
    threads: int | None,
    verify: str | None,
    out: str,
    *,
    opened: bool,
    telling: Telling,
    **given: Any,
) -> int:
    """Check all options, watch the services, and return the exit status."""
    screen, secrets = telling.screen, Secrets(os.environ)
    held = gate(given)
    asked_of_ours = scenario is not None or delay is not None
    file = config if config is not None or asked_of_ours or not Path(NAME).is_file() else NAME
    with held.failing():
        theirs = _theirs(file, secrets, screen)
        if config is None and services and not {*services.split(",")} & {each.name for each in theirs}:
            theirs = []  # the file is there, but names of the line-up were given
        with mistakes():
            watched, variant = _chosen(services, verify, theirs, cores)
            names = [each.name for each in watched]
            refuse_twice(names, "watched")
            refuse(held.requirements, names, deadline=False, only=STALLS)
            own = bool(theirs)
            if own and asked_of_ours:
                raise Mistake("--scenario and --delay are for services of the line-up.")
            scenario, delay = scenario or "blocking", "50ms" if delay is None else delay
            if variant is not None and not own and verify == scenario:
                raise Mistake(f"--verify takes another scenario than the one that is watched; got {verify!r}.")
            options = Options(
                scenario=OWN if own else scenario,
                loads=[Open(1.0)],
                delay="" if own else delay,
                wait=0.0 if own else wait_of(delay, scenario),
                seconds=seconds,
                repeats=TURNS if variant else 1,
                requirements=held.texts,
            )
        where, logs = folder(out), Logs(secrets)
        if own:
            tried = answering([each for each in watched if isinstance(each, Target)], screen, secrets, logs)
            watched = [*tried]
            if variant and isinstance(variant.service, Target):
                (other,) = answering([variant.service], screen, secrets, logs)
                variant = replace(variant, service=other)
        search = StallSearch(watched, options, command, cores, variant, least, threads, secrets, logs)
        refuse_too_many_connections([each for each in watched if isinstance(each, Service)], search.needs)
    name = options.scenario
    outcome = Outcome(
        save=lambda measured, folder: save(measured[name], folder),
        show=lambda screen, measured, *, details: show_stalls(screen, measured[name], details=details),
        draw=lambda measured, saved: draw_comparison(measured[name], saved.with_name("report.html"), trace=False),
        judge=lambda screen, measured: held.judge(screen, measured[name]),
    )
    return run_all({name: search}, where, telling, outcome, opened=opened)


def _theirs(file: str | None, secrets: Secrets, screen: Console) -> list[Target]:
    """Return the services that a file describes, none without one. Raises Mistake if one is not started for the run."""
    if file is None:
        return []

    def say(sentence: str) -> None:
        screen.print(sentence, markup=False, soft_wrap=True)

    with mistakes():
        found = read(Path(file), secrets, Tls(), allow_remote=False, say=say)
    refuse_for_users(found, None, 0.0, secrets)
    return found


def _chosen(
    services: str | None, verify: str | None, theirs: Sequence[Target], cores: Cores
) -> tuple[list[Service | Target], Repaired | None]:
    """Return the services to watch, and the variant to try. Raises Mistake or ValueError if there are none such."""
    if not theirs:
        ours = named("aiohttp" if services is None else services, cores)
        if verify is None:
            return [*ours], None
        if verify not in ABOUT:
            raise Mistake(f"--verify takes another scenario, such as offload; got {verify!r}.")
        (only,) = _alone(ours)
        return [only], Repaired(replace(only, name=f"{only.name} {verify}"), verify)
    known = {each.name: each for each in theirs}
    names = services.split(",") if services is not None else [name for name in known if name != verify]
    for name in [*names, *([verify] if verify else [])]:
        if name not in known:
            raise Mistake(f"There is no service {name!r} in the file; it has {listed([*known])}.")
        if known[name].start is None:
            raise Mistake(f"{name} runs already, so nothing can be brought into it: describe with run how it starts.")
    watched = [known[name] for name in names]
    if verify is None:
        return [*watched], None
    (one,) = _alone(watched)
    if one.name == verify:
        raise Mistake(f"--verify takes another service than the one that is watched; got {verify!r}.")
    return [one], Repaired(known[verify], OWN)


def _alone(services: Sequence[S]) -> Sequence[S]:
    if len(services) != 1:
        raise Mistake(f"--verify takes one service to compare with; got {len(services)}: name it with --services.")
    return services
