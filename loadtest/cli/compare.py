"""`sync-vs-async compare`: load services one after the other, and compare each figure with its prediction."""

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from loadtest.contenders.cores import Cores
from loadtest.contenders.secrets import Secrets
from loadtest.contenders.selection import ALL
from loadtest.contenders.service import CORE, Service
from loadtest.contenders.target import Target
from loadtest.measure.comparison import Comparison
from loadtest.measure.sufficient import sufficient
from loadtest.processes.logs import Logs
from loadtest.results.schema import Options, save
from loadtest.terminal.comparison import show
from loadtest.verdict.aggregate import rows
from loadtest.verdict.requirements import BEFORE, refuse
from loadtest.workload import Load
from loadtest.workload.closed import Closed
from loadtest.workload.durations import seconds as seconds_of
from loadtest.workload.need import Need
from loadtest.workload.scenarios import ABOUT, OWN, SLOW, SLOW_CLIENTS, longest, needs
from serving.aiohttp_workers import CHOICES

from .baseline import baseline, baseline_option, refuse_other_baseline
from .crew import crew, crew_options, refuse_crew
from .gate import STATUSES, gate, gate_options
from .need import measured_costs, need_option, refuse_needless
from .options import (
    NO_SERVICES,
    OPEN,
    QUICK_SERVICES,
    REPEATS,
    SECONDS,
    SLOW_CLIENTS_RANGE,
    Command,
    Duration,
    Mistake,
    cores_option,
    folder,
    mistakes,
    named,
    names,
    open_loads,
    open_options,
    opened,
    out_folder,
    refuse_impatience,
    refuse_too_many_connections,
    refuse_twice,
    services_option,
    traced,
    wait_of,
)
from .pairing import pairing_options, turns, with_itself
from .run import Outcome, draw_comparison, run_all
from .targets import answering, refuse_for_users, target_options, targets
from .telling import Telling, telling_options

LEAST_RATE, MOST_RATE = 0.1, 20_000
"""The range of rates, in arrivals per second."""

LONGER = 5
"""Factor by which windows of an open load are longer by default: high percentiles need many arrivals."""

EXAMPLES = (
    """examples:
  sync-vs-async compare                                        flask, flask-threads, flask-gevent, aiohttp; two minutes
  sync-vs-async compare --quick                                three services, about half a minute
  sync-vs-async compare --services flask-threads,aiohttp       two services
  sync-vs-async compare --services all --users 1,64            all services (make install-lineup installs them)
  sync-vs-async compare --services flask-threads:threads=8,flask-threads:threads=128 --users 1,8,128
  sync-vs-async compare --scenario query --users 1,20,200 --delay 100ms
  POOL_SIZE=50 sync-vs-async compare --scenario fetch --services flask-threads,aiohttp:pool-size=100  pools: 50 and 100
  sync-vs-async compare --scenario ask --services flask,aiohttp --delay 100ms
  sync-vs-async compare --users 1,50,100 --delay 500ms --seconds 5 --repeats 3
  sync-vs-async compare --rate 20,100,400                      arrivals per second instead of users who wait
  sync-vs-async compare --rate 100 --arrivals even --seed 7 --services flask-threads,aiohttp
  sync-vs-async compare --rate 400 --deadline 1s --delay 250ms --services \\
    aiohttp,flask-threads:threads=96,flask-threads:threads=96:max-in-flight=32
  sync-vs-async compare --quick --open --trace                 report in a browser, requests in trace.json for Perfetto
  sync-vs-async compare --services aiohttp --target mine=http://127.0.0.1:5001 --path /slow
  sync-vs-async compare --services none --target old=http://127.0.0.1:5001 --target new=http://127.0.0.1:5002 \\
    --path /orders --header 'Authorization: Bearer ${TOKEN}' --json '{"id": 7}' --expect status=201
  sync-vs-async compare --services aiohttp --users 2000 --generators 4      load from four processes, for four cores
  sync-vs-async compare --remote-generators 2 --bind 192.168.1.5           load from two other machines
  sync-vs-async compare --config services.toml --require 'p99<500ms' --require 'errors<1%' --junit junit.xml

"""
    + STATUSES
)


def numbers(text: str) -> list[int]:
    """Return the numbers of users in a comma-separated list, in ascending order, without duplicates."""
    counts = text.split(",")
    if not all(re.fullmatch("[0-9]{1,5}", count) and 1 <= int(count) <= 10_000 for count in counts):
        raise Mistake(f"--users takes whole numbers from 1 to 10000, separated by commas; got {text!r}.")
    return sorted({int(count) for count in counts})


def rates(text: str) -> list[float]:
    """Return the rates in a comma-separated list, in ascending order, without duplicates."""
    found = [each for each in text.split(",") if re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", each)]
    if len(found) < len(text.split(",")) or not all(LEAST_RATE <= float(each) <= MOST_RATE for each in found):
        raise Mistake(
            f"--rate takes arrivals per second from {LEAST_RATE:g} to {MOST_RATE}, separated by commas; got {text!r}."
        )
    return sorted({float(each) for each in found})


@click.command(
    cls=Command,
    short_help="Put services under load one after the other, and explain what limited each.",
    help="Run each service on its own under a closed load: each user sends a request, waits for the response, thinks, "
    "and repeats. Compare throughput with its prediction at each number of users, and say what limited it. With --rate "
    "the load is open: requests arrive at a rate, however busy the service is, and each latency counts from the moment "
    "at which its request was intended to start.",
    epilog=EXAMPLES,
)
@click.option(
    "--quick",
    is_flag=True,
    help="Change the defaults of --services, --users, --delay, --seconds and --repeats: the run takes about 30 s.",
)
@services_option(
    f"Services to compare, separated by commas (default: {','.join(CORE)}; with --quick: {','.join(QUICK_SERVICES)}): "
    f"{names()}; {ALL} means every one. Settings may follow a name: "
    "workers, threads, pool-size, max-in-flight and worker-class, as in flask-threads:workers=1:threads=64. "
    "max-in-flight is how many requests may wait in one process; further ones get 503. worker-class is sync, "
    f"gthread or gevent for flask, flask-threads and flask-gevent, and {' or '.join(CHOICES)} for aiohttp; the others "
    f"have one each. {NO_SERVICES} compares each --target alone.",
    optional=True,
)
@click.option(
    "--scenario",
    type=click.Choice(list(ABOUT)),
    metavar="NAME",
    help="Kind of request that every user sends, and what the request waits for (default: delay). "
    + "; ".join(f"{name}: {about}" for name, about in ABOUT.items()),
)
@click.option(
    "--users",
    type=numbers,
    metavar="1,10,...",
    help="Numbers of users, from 1 to 10000, one step for each (default: 1,10,32,200; with --quick: 1,8,32,200).",
)
@click.option(
    "--rate",
    type=rates,
    metavar="20,100,...",
    help=f"Arrivals per second, from 0.1 to {MOST_RATE}, one step for each: an open load, in place of --users.",
)
@open_options
@click.option(
    "--deadline",
    type=Duration("--deadline"),
    metavar="DURATION",
    help="Count an answer as good only if it comes within this time, such as 1s, and show goodput: good answers per "
    "second.",
)
@click.option(
    "--delay",
    metavar="DURATION",
    help=f"Duration of each wait of a request, from 1ms to {longest('delay'):g}s (fanout: {longest('fanout'):g}s); cpu "
    "computes for as long, file and healthz ignore it. Seconds, or a number with a unit such as 250ms "
    "(default: 200ms; with --quick: 100ms).",
)
@click.option(
    "--think",
    metavar="DURATION",
    default="0s",
    show_default=True,
    help="Think time: the pause of a user between a response and the next request, written like --delay.",
)
@click.option(
    "--seconds",
    type=SECONDS,
    help="Minimum length of the measured window of each step, in seconds, from 0.5 to 600 (default: 1; with --quick: "
    f"0.5; with --rate {LONGER} times as long).",
)
@click.option(
    "--repeats", type=REPEATS, help="Number of times to run every step, from 1 to 20 (default: 2; with --quick: 1)."
)
@click.option(
    "--slow-clients",
    type=SLOW_CLIENTS_RANGE,
    help=f"Number of clients that hold a half-sent request in the scenario {SLOW_CLIENTS} (default: {SLOW}).",
)
@pairing_options
@need_option
@cores_option
@crew_options
@out_folder
@target_options
@gate_options
@baseline_option
@opened
@traced
@telling_options
@click.pass_obj
def compare(
    command: list[str],
    /,
    cores: Cores,
    services: list[Service] | None,
    users: list[int] | None,
    delay: str | None,
    repeats: int | None,
    out: str,
    scenario: str | None,
    think: str,
    seconds: float | None,
    slow_clients: int | None,
    rate: list[float] | None,
    deadline: float | None,
    pairs: int | None,
    need: Need | None,
    *,
    against_itself: bool,
    quick: bool,
    opened: bool,
    trace: bool,
    telling: Telling,
    **given: Any,
) -> int:
    """Check all options, run the comparison, and return the exit status."""
    secrets = Secrets(os.environ)
    screen = telling.screen
    held = gate(given)
    with held.failing():
        held = replace(held, baseline=baseline(given["baseline"]))
        theirs = targets(given, secrets, screen)
        if services is None and any(each.described for each in theirs):
            services = []
        if services == []:
            scenario = _alone(theirs, scenario, delay)
        with mistakes():
            ours = named(",".join(QUICK_SERVICES if quick else CORE), cores) if services is None else services
            run = turns([*ours, *theirs], pairs, repeats, against_itself=against_itself, quick=quick)
            refuse_twice([each.name for each in with_itself([*ours, *theirs], run.pairings)], "compared")
            every = [*(each.name for each in ours), *(each.name for each in theirs)]
            measures = [*every, BEFORE] if held.baseline else every
            refuse(held.requirements, every, others=measures, deadline=deadline is not None)
            scenario = scenario or "delay"
            delay = delay if delay is not None else ("100ms" if quick else "200ms")
            pause = seconds_of("--think", think)
            loads = _loads(users or ([1, 8, 32, 200] if quick else [1, 10, 32, 200]), pause, rate, given)
            if rate and (users is not None or pause):
                raise Mistake("--rate takes the place of --users and --think: arrivals do not wait for answers.")
            refuse_needless(need, theirs, loads)
            options = Options(
                scenario=scenario,
                loads=loads,
                delay="" if scenario == OWN else delay,
                wait=0.0 if scenario == OWN else wait_of(delay, scenario),  # of own requests it is not yet known
                seconds=seconds or (0.5 if quick else 1.0) * (LONGER if rate else 1),
                deadlines=[] if deadline is None else [deadline],
                slow_clients=_slow_clients(slow_clients, scenario),
                repeats=run.repeats,
                pairings=run.pairings,
                requirements=held.texts,
                need=need,
            )
            refuse_impatience(options)
            refuse_other_baseline(held.baseline, options, every)
            refuse_crew(given, theirs)
        refuse_too_many_connections(ours, needs(scenario) if ours else ())
        where = folder(out)
        logs = Logs(secrets)
        least = None if rate else min(each.most_in_flight for each in loads)
        refuse_for_users(theirs, least, pause, secrets)
        tried = answering(theirs, screen, secrets, logs)
        if scenario == OWN:  # the longest wait takes the place of the delay that the requests of our services take
            options = options.model_copy(update={"wait": max(each.wait or 0.0 for each in tried)})
        compared = with_itself([*ours, *tried], run.pairings)
        comparison = Comparison(
            compared, options, command, cores, secrets=secrets, costs=measured_costs(need, screen), logs=logs
        )
        comparison.crew = crew(given, lambda: sufficient(comparison.predicted, cores), screen, secrets)
    outcome = Outcome(
        save=lambda measured, folder: save(measured[scenario], folder),
        show=lambda screen, measured, *, details: show(
            screen, measured[scenario], rows(measured[scenario]), details=details
        ),
        draw=lambda measured, saved: draw_comparison(measured[scenario], saved.with_name("report.html"), trace=trace),
        judge=lambda screen, measured: held.judge(screen, measured[scenario]),
    )
    return run_all({scenario: comparison}, where, telling, outcome, opened=opened)


def _loads(users: list[int], pause: float, rate: list[float] | None, given: dict[str, Any]) -> list[Load]:
    """Return the loads, open ones if there is a rate. Raises Mistake if options of an open load have none."""
    if rate is not None:
        return open_loads(rate, {name: given[name] for name in OPEN})
    for option in (name for name in OPEN if given[name] is not None):
        raise Mistake(f"--{option} needs --rate.")
    return [Closed(count, pause) for count in users]


def _alone(theirs: Sequence[Target], scenario: str | None, delay: str | None) -> str:
    """Return the scenario of a run of targets alone. Raises Mistake if there is no target, or too much is said."""
    if not theirs:
        raise Mistake(f"--services {NO_SERVICES} needs a --target.")
    for option, given in (("--scenario", scenario), ("--delay", delay)):
        if given is not None:
            raise Mistake(f"{option} is for services of the line-up: name some with --services.")
    return OWN


def _slow_clients(asked: int | None, scenario: str) -> int:
    """Return the number of slow clients. Raises Mistake if the scenario has none."""
    if scenario == SLOW_CLIENTS:
        return SLOW if asked is None else asked
    if asked is not None:
        raise Mistake(f"--slow-clients needs --scenario {SLOW_CLIENTS}; got {scenario}.")
    return 0
