"""The report of the line-up: every service under the waiting test and the two controls."""

from collections.abc import Mapping
from datetime import UTC

from loadtest.contenders.service import in_words
from loadtest.english import count
from loadtest.report.figures.bars import Bar, chart
from loadtest.report.figures.picture import Figure, Picture, Table
from loadtest.results.schema import Results
from loadtest.results.suite import CPU, DELAY, HEALTHZ, WAYS
from loadtest.verdict import format as cells
from loadtest.verdict.aggregate import LEAST_CPU
from loadtest.verdict.lineup import (
    CAUTION,
    MOST,
    Portrait,
    causes,
    conclusion,
    doubts,
    headline,
    lacking,
    portraits,
    priced,
    ranked,
    sentences,
)
from loadtest.verdict.placement import placement
from loadtest.workload import Load

from .comparison import commands, facts
from .page import Page
from .panels import panels

HALF = 540
"""Width in pixels of one of two figures side by side."""


def page(measured: Mapping[str, Results]) -> Page:
    """Return the contents of the report of a line-up; `measured` holds its comparisons by name."""
    found = ranked(portraits(measured))
    first = next(iter(measured.values()))
    waiting = measured.get(DELAY)
    return Page(
        title=f"the line-up, with a wait of {WAYS[DELAY].delay}",
        headline=headline(measured, found),
        panels=panels(waiting, [row for each in found for row in each.of(DELAY)]) if waiting else [],
        about=_about(measured),
        warnings=[*causes(found), CAUTION, *lacking(measured), *_unlike(measured)],
        verdict=[f"{conclusion(found)}.", *sentences(found)],
        pictures=[_controls(found)] if found else [],
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
        f"Sorted by kind, then by requests a second at {MOST.label}. "
        f"Three comparisons, one after the other: a wait of {wait.delay} at {wait.amounts} users; "
        f"/cpu, {cpu.delay} of computing, at {cpu.loads[-1].label}; /healthz, which does nothing, at "
        f"{idle.loads[-1].label} with {idle.pause} think time. Each step was measured {repeats}, "
        f"{first.started.astimezone(UTC):%Y-%m-%d %H:%M} UTC, on {cores} ({first.machine.processor}): "
        f"{placement(first)}."
    )


def _unlike(measured: Mapping[str, Results]) -> list[str]:
    first, *others = (results.machine for results in measured.values())
    if all(machine == first for machine in others):
        return []
    return ["The comparisons differ in machine or software versions: do not read their figures together."]


def _controls(found: list[Portrait]) -> Picture:
    cost = [
        Bar(each.name, each.contender.kind, row.cpu_per_request if row else None, holds=row is None or row.holds)
        for each, row in ((each, each.row(HEALTHZ)) for each in found)
    ]
    idle, cpu = WAYS[HEALTHZ], WAYS[CPU]
    return Picture(
        name="controls",
        title=priced(found),
        caption="Read framework overhead here, not from the waiting test. /healthz does nothing: its CPU time is the "
        "cost of framework and server. /cpu computes: its throughput is limited by the cores, whatever the framework. "
        "Vertical line: predicted.",
        figures=[
            Figure(
                chart(cost, "CPU time per request, µs", lambda value: f"{value:.0f}"),
                "CPU time per request to /healthz for every service, as bars.",
                heading=f"CPU time of /healthz at {idle.loads[-1].label}, {idle.pause} think time",
                width=HALF,
            ),
            Figure(
                chart([_bar(each, CPU) for each in found], "throughput, requests/s", cells.per_second),
                "Throughput of every service on /cpu, as bars.",
                heading=f"Throughput of /cpu ({cpu.delay}) at {cpu.loads[-1].label}",
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
            *("/cpu", "ratio", "/healthz", "ratio", "/healthz, µs", f"{most}, µs", f"{most}, MiB", "lines"),
        ],
        [_figures(each) for each in found],
        f"Requests/s with a wait of {wait.delay}, by users; then /cpu at {cpu.loads[-1].label} and /healthz at "
        f"{idle.loads[-1].label}. Ratio: measured / predicted. µs: CPU time per request. MiB: memory of all "
        "processes. Lines: code of the framework's adapter, without blank lines, comments, docstrings and the shared "
        f'waiting code. "-": not measured, or less than {LEAST_CPU:g} s of CPU time in all. Figures in '
        "brackets are inconclusive.",
    )


def _figures(each: Portrait) -> list[str]:
    known, idle, busy, cpu = each.contender, each.row(HEALTHZ), each.row(DELAY), each.row(CPU)
    delay = [each.row(DELAY, load) for load in WAYS[DELAY].loads]
    return [
        *(known.name, known.kind, in_words(known.software), cells.slots(known)),
        *(cell for row in delay for cell in (cells.rate(row), cells.ratio(row))),
        *(cells.rate(cpu), cells.ratio(cpu), cells.rate(idle), cells.ratio(idle), cells.cost(idle)),
        *(cells.cost(busy), cells.memory(busy), cells.lines(known)),
    ]
