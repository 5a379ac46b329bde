"""The page of the line-up: every framework under a wait, and beside it under the two controls."""

from collections.abc import Mapping
from datetime import UTC

from loadtest.contenders.service import in_words
from loadtest.english import count
from loadtest.report.figures.bars import Bar, chart
from loadtest.report.figures.picture import Figure, Picture, Table
from loadtest.results.schema import Results
from loadtest.results.suite import CPU, DELAY, HEALTHZ, WAYS
from loadtest.verdict import format as cells
from loadtest.verdict.comparison import span
from loadtest.verdict.lineup import (
    CAUTION,
    MOST,
    Portrait,
    bound_by,
    conclusion,
    doubts,
    lacking,
    portraits,
    priced,
    sentences,
)
from loadtest.workload import Load
from loadtest.workload.demand import SLOTS, USERS

from .comparison import commands, facts
from .page import Page

NARROW = 350
"""Pixels of one of three figures that stand beside each other."""

HALF = 540
"""The same of two."""


def page(measured: Mapping[str, Results]) -> Page:
    """Everything that the page of a line-up tells."""
    found = portraits(measured)
    first = next(iter(measured.values()))
    return Page(
        title=conclusion(found),
        about=_about(measured),
        warnings=[CAUTION, *lacking(measured), *_unlike(measured)],
        verdict=sentences(found),
        pictures=[_throughput(found), _controls(found)] if found else [],
        sources=[],
        facts=facts(first.machine),
        commands=[*dict.fromkeys(command for results in measured.values() for command in commands(results))],
        doubts=doubts(found),
        table=_table(found),
    )


def _about(measured: Mapping[str, Results]) -> str:
    first = next(iter(measured.values()))
    wait, cpu, idle = (WAYS[way] for way in (DELAY, CPU, HEALTHZ))
    repeats = "once" if first.options.repeats == 1 else f"{first.options.repeats} times"
    cores = count(first.machine.cores, "core")
    return (
        f"Three comparisons, one after the other: a wait of {wait.delay} at {wait.amounts} users, "
        f"{cpu.delay} of computing at {cpu.loads[-1].label}, and /healthz, which does nothing, at "
        f"{idle.loads[-1].label} who pause for {idle.pause}; each measured {repeats}, "
        f"{first.started.astimezone(UTC):%Y-%m-%d %H:%M} UTC, on {cores} ({first.machine.processor}) that "
        "the load generator and the services shared."
    )


def _unlike(measured: Mapping[str, Results]) -> list[str]:
    first, *others = (results.machine for results in measured.values())
    if all(machine == first for machine in others):
        return []
    return ["The comparisons were not made on one machine with the same versions: nothing follows from them together."]


def _throughput(found: list[Portrait]) -> Picture:
    figures = [
        Figure(
            chart([_bar(each, DELAY, load) for each in found], "requests a second", cells.per_second),
            f"Throughput of every service at {load.label}.",
            heading=load.label,
            width=NARROW,
        )
        for load in WAYS[DELAY].loads
    ]
    return Picture(
        name="throughput",
        title=_throughput_title(found),
        caption=f"Requests answered in a second where each waits {WAYS[DELAY].delay}. Bar: measured. Upright line: "
        "predicted by the model, which knows slots and users and no framework. The three scales differ. A hollow bar "
        "and a figure in brackets are inconclusive, for a reason given at the end.",
        figures=figures,
        abreast=len(figures),
    )


def _throughput_title(found: list[Portrait]) -> str:
    """How much is carried by those that run out of slots, and by those that do not, as far as it holds."""
    slots, free = (
        [row.throughput for each in bound_by(bound, found) if (row := each.held(DELAY))] for bound in (SLOTS, USERS)
    )
    at = f"At {MOST.label}"
    if slots and free:
        return f"{at} services that run out of slots answer {span(slots)} requests a second, the others {span(free)}"
    return f"{at} services answer {span(slots or free)} requests a second" if slots or free else f"{at} nothing holds"


def _controls(found: list[Portrait]) -> Picture:
    cost = [
        Bar(each.name, each.contender.kind, row.cpu_per_request if row else None, holds=row is None or row.holds)
        for each, row in ((each, each.row(HEALTHZ)) for each in found)
    ]
    idle, cpu = WAYS[HEALTHZ], WAYS[CPU]
    return Picture(
        name="controls",
        title=priced(found),
        caption="What the wait hides. /healthz does nothing, so that its CPU time is what framework and server cost; "
        "/cpu computes, and no framework computes faster than the cores it has. Read the speed of a framework here, "
        "and not above.",
        figures=[
            Figure(
                chart(cost, "CPU time, µs", lambda value: f"{value:.0f}"),
                "CPU time of a request to /healthz for every service.",
                heading=f"A request to /healthz, at {idle.loads[-1].label} who pause for {idle.pause}",
                width=HALF,
            ),
            Figure(
                chart([_bar(each, CPU) for each in found], "requests a second", cells.per_second),
                "Throughput of every service at /cpu.",
                heading=f"Requests to /cpu, {cpu.delay} each, at {cpu.loads[-1].label}",
                width=HALF,
            ),
        ],
    )


def _bar(each: Portrait, way: str, load: Load | None = None) -> Bar:
    row = each.row(way, load)
    if row is None:
        return Bar(each.name, each.contender.kind, None)
    predicted = row.predicted.throughput if row.predicted else None
    return Bar(each.name, each.contender.kind, row.throughput, predicted, row.holds)


def _table(found: list[Portrait]) -> Table:
    wait, cpu, idle = (WAYS[way] for way in (DELAY, CPU, HEALTHZ))
    most = MOST.label
    return Table(
        [
            *("service", "kind", "software", "processes x threads = slots"),
            *(head for load in wait.loads for head in (load.label, "ratio")),
            *("/cpu", "ratio", "/healthz", "/healthz, µs", f"{most}, µs", f"{most}, MiB", "lines"),
        ],
        [_figures(each) for each in found],
        f"Requests a second where each waits {wait.delay}, by users, of /cpu at {cpu.loads[-1].label} and "
        f"of /healthz at {idle.loads[-1].amount}; beside them their ratio to the prediction, where there "
        "is one. µs: CPU time of a request; a - stands where it came to less than can be counted. "
        "MiB: memory of all processes. Lines: of the code that serves the contract with the framework, without "
        "blank lines, comments and docstrings; what waits is shared. Figures in brackets are inconclusive.",
    )


def _figures(each: Portrait) -> list[str]:
    known, idle, busy, cpu = each.contender, each.row(HEALTHZ), each.row(DELAY), each.row(CPU)
    delay = [each.row(DELAY, load) for load in WAYS[DELAY].loads]
    return [
        *(known.name, known.kind, in_words(known.software), cells.slots(known)),
        *(cell for row in delay for cell in (cells.rate(row), cells.ratio(row))),
        *(cells.rate(cpu), cells.ratio(cpu), cells.rate(idle), cells.cost(idle)),
        *(cells.cost(busy), cells.memory(busy), cells.lines(known)),
    ]
