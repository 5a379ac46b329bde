"""The report of two runs, drawn in the same charts."""

from collections.abc import Sequence
from datetime import UTC

from loadtest.report.figures.arrivals import left_out
from loadtest.report.figures.picture import NO_TABLE, Table
from loadtest.results.schema import Results
from loadtest.verdict.aggregate import rows
from loadtest.verdict.before_after import (
    MEASURE_AGAIN,
    RUNS,
    Change,
    advised,
    changes,
    conclusion,
    latencies,
    nothing_to_tell,
    only,
    refuse_others,
    unlike,
    verdict,
)
from loadtest.verdict.cause import cause
from loadtest.verdict.comparison import doubtful
from loadtest.verdict.format import NONE
from loadtest.verdict.gate import judged_since
from loadtest.workload.open import Open

from .comparison import commands, facts, sources
from .page import CLOSED, OPEN, Advice, Page
from .paired import Group, of_changes

SO_MANY_ARRIVE = "Up to its capacity a service has the throughput that arrives, whatever the latency."
"""The limit of a comparison of throughputs under open loads."""


def page(before: Results, after: Results) -> Page:
    """Return the contents of the report of two runs.

    Raises:
        ValueError: if the runs differ in scenario, delay or load.

    """
    refuse_others(before.options, after.options)
    tables = rows(before), rows(after)
    found = changes(*tables)
    return Page(
        title=f"before and after: {after.options.title}",
        headline=conclusion(found),
        about=f"Before: {_when(before)}. After: {_when(after)}.",
        warnings=[*cause([row for table in tables for row in table]), *unlike(before, after)],
        verdict=[*verdict(found), *only(*tables)],
        notes=[f"{SO_MANY_ARRIVE}{left_out([row for table in tables for row in table])}"] if _is_open(found) else [],
        paired=_groups(found),
        pictures=[],
        table=_table([*found, *(each for each in latencies(found) if each not in found)]) if found else NO_TABLE,
        sources=sources(after.options.scenario),
        facts=_both(facts(before.machine), facts(after.machine)),
        commands=_commands(before, after),
        load=OPEN if _is_open(found) else CLOSED,
        requirements=[each.sentence for each in judged_since(before, after, after.options.requirements)],
        advice=Advice(MEASURE_AGAIN, asked) if (asked := advised(before, after, nothing_to_tell(found))) else None,
        doubts=[doubt for name, table in zip(RUNS, tables, strict=True) for doubt in doubtful(table, name)],
    )


def _groups(found: list[Change]) -> list[Group]:
    """Return the bars of throughput and of latency: under open loads, of which as many are served, latency first."""
    rates = of_changes("throughput", "Throughput", "requests a second", [each for each in found if each.rank is None])
    ranks = of_changes("latency", "Latency", "latency", latencies(found))
    return [*ranks, *rates] if _is_open(found) else [*rates, *ranks]


def _is_open(found: list[Change]) -> bool:
    return any(isinstance(change.after.load, Open) for change in found)


def _table(found: Sequence[Change]) -> Table:
    rows = [
        [
            *(change.after.service, str(change.after.load.amount)),
            *(change.figure, *change.marked),
            NONE if change.ratio is None else f"{change.ratio:.3f}",
            NONE if change.range is None else "{:.3f} to {:.3f}".format(*change.range),
            change.says,
        ]
        for change in found
    ]
    rates = ("figure", "before", "after", "after / before", "range")
    return Table(["service", found[0].after.load.unit, *rates, "difference"], rows)


def _both(before: list[tuple[str, str]], after: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [
        (name, one if one == other else f"{one} before; {other} after")
        for (name, one), (_, other) in zip(before, after, strict=True)
    ]


def _commands(before: Results, after: Results) -> list[tuple[str, str]]:
    """Return the commands of both runs; a command that both share is listed once."""
    ones, others = commands(before), commands(after)
    once = [each for each in ones if each in others]
    apart = [(name, each) for name, told in zip(RUNS, (ones, others), strict=True) for each in told if each not in once]
    return [*once, *((f"{what}, {name}", command) for name, (what, command) in apart)]


def _when(run: Results) -> str:
    return f"{run.started.astimezone(UTC):%Y-%m-%d %H:%M} UTC, commit {run.machine.commit or 'unknown'}"
