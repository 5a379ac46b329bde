"""The report of one run."""

import shlex
from collections import Counter
from datetime import UTC

from loadtest.contenders.service import in_words
from loadtest.english import count
from loadtest.report.figures import goodput, latency, memory, need, pairs, parts, rates, throughput, where
from loadtest.report.figures import requests as swimlane
from loadtest.report.figures import time_spent as whereabouts
from loadtest.report.figures.picture import Picture
from loadtest.results.schema import Contender, Machine, Results
from loadtest.verdict import format as cells
from loadtest.verdict.aggregate import Row, rows
from loadtest.verdict.backlog import diverges
from loadtest.verdict.cause import cause
from loadtest.verdict.comparison import doubtful, verdict
from loadtest.verdict.gate import judged
from loadtest.verdict.placement import placement
from loadtest.workload import Load
from loadtest.workload.open import Open
from loadtest.workload.scenarios import ABOUT, SCENARIOS, names, sentence

from .page import CLOSED, OPEN, Page, Source
from .paired import of_pairs
from .panels import panels
from .sources import handlers

INTERRUPTED = "This run is incomplete: it was interrupted."


def page(results: Results) -> Page:
    """Return the contents of the report of one run."""
    table = rows(results)
    options = results.options
    found = verdict(results, table)
    return Page(
        title=f"{', '.join(each.name for each in results.contenders)}: {options.title}",
        about=about(results),
        warnings=[*incomplete(results), *cause(table)],
        headline=found.headline,
        panels=panels(results, table),
        paired=of_pairs(results),
        verdict=found.services,
        notes=found.notes,
        pictures=pictures(results, table),
        sources=sources(options.scenario),
        facts=[*facts(results.machine), *calibrations(results.contenders)],
        commands=commands(results),
        doubts=doubtful(table),
        load=OPEN if any(isinstance(load, Open) for load in options.loads) else CLOSED,
        requirements=[each.sentence for each in judged(results)],
    )


def about(results: Results) -> str:
    """Return the scenario, loads, time and machine of the run, in one line."""
    options = results.options
    repeats = "once" if options.repeats == 1 else f"{options.repeats} times"
    return (
        f"Scenario {options.scenario}: {sentence(options.scenario, options.delay)}. "
        f"{_loads(options.loads)}, each step measured {repeats}, {when_and_where(results)}"
    )


def when_and_where(results: Results) -> str:
    """Return the time and machine of the run, as the end of a sentence."""
    cores = count(results.machine.cores, "core")
    return (
        f"{results.started.astimezone(UTC):%Y-%m-%d %H:%M} UTC, "
        f"on {cores} ({results.machine.processor}): {placement(results)}."
    )


def _loads(loads: list[Load]) -> str:
    """Return the sizes of the loads, with what all arrivals of open ones have in common."""
    amounts = ", ".join(str(load.amount) for load in loads)
    match loads:
        case [Open() as load, *_]:
            return f"{amounts} {load.unit} ({load.arrivals}, seed {load.seed}, patience {load.patience:g} s)"
        case _:
            return f"{amounts} users"


def incomplete(results: Results) -> list[str]:
    """Return the warning that a run ended early, if it did."""
    if results.complete:
        return []
    return [f"This run is incomplete: it failed. {results.failure}" if results.failure else INTERRUPTED]


def pictures(results: Results, table: list[Row]) -> list[Picture]:
    """Return the pictures, without those that have no data. The first one depends on the kind of load."""
    run = [row for row in table if row.windows]
    if not run:
        return []
    shown = telling(run)
    drawn = (
        pairs.picture(results),
        need.picture(results),
        (rates if isinstance(shown, Open) else throughput).picture(results, table),
        goodput.picture(results, table, shown),
        latency.picture(results, table, shown),
        parts.picture(results, table, shown),
        swimlane.picture(results, table, shown),
        whereabouts.picture(results, table, shown),
        memory.picture(results, table),
        where.picture(results, table),
    )
    return [picture for picture in drawn if picture is not None]


def telling(run: list[Row]) -> Load:
    """Return the largest load at which two services were measured, or one if there is no other: they differ there.

    A service whose backlog grows has no latency to compare.
    """
    counts = Counter(row.load for row in run if not diverges(row)) or Counter(row.load for row in run)
    return max(counts, key=lambda load: (min(counts[load], 2), load.amount))


def sources(scenario: str) -> list[Source]:
    """Return the waiting functions of each kind of request in the scenario."""
    return [
        Source(name, ABOUT[name], found) for name in names(scenario) if (found := handlers(SCENARIOS[name].endpoint))
    ]


def facts(machine: Machine) -> list[tuple[str, str]]:
    """Return facts about the machine and its software, as (name, fact)."""
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    return [
        ("Processor", f"{machine.processor}, {count(machine.cores, 'usable core')}"),
        ("Memory", f"{machine.memory / 2**30:.1f} GiB"),
        ("System", machine.system),
        ("Python", machine.python),
        ("Packages", packages),
        ("Commit", machine.commit or "not from a checkout"),
    ]


def calibrations(contenders: list[Contender]) -> list[tuple[str, str]]:
    """Return what was measured of each service before the first step, as (name, fact), with what it means."""
    known = [(each.name, figures) for each in contenders if (figures := cells.calibrated(each))]
    told = [(f"Calibration of {name}, µs", figures) for name, figures in known]
    return [*told, ("Calibration", cells.CALIBRATED)] if told else []


def commands(results: Results) -> list[tuple[str, str]]:
    """Return the exact commands of the run, as (purpose, command)."""
    return [
        ("This run", shlex.join(results.command)),
        ("The load generator", shlex.join(results.generator_command)),
        *(_command(each) for each in results.contenders),
    ]


def _command(contender: Contender) -> tuple[str, str]:
    """Return a service with its software versions, and its command or, for a target, its URL."""
    name = f"{contender.name}: {in_words(contender.software)}" if contender.software else contender.name
    if not contender.command:
        return name, contender.made_of
    told = [f"{variable}={shlex.quote(value)}" for variable, value in contender.environment.items()]
    return name, " ".join([*told, shlex.join(contender.command)])
