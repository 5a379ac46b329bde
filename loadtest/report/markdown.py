"""A summary of a run in Markdown, for a pull request."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC
from pathlib import Path

from loadtest.english import count
from loadtest.results import atomic
from loadtest.results.schema import Results
from loadtest.verdict import capacities, held, stall_tables
from loadtest.verdict import format as cells
from loadtest.verdict.aggregate import Row, rows
from loadtest.verdict.backlog import diverges
from loadtest.verdict.before_after import changes, only, unlike
from loadtest.verdict.before_after import verdict as changed
from loadtest.verdict.comparison import verdict
from loadtest.verdict.gate import WEAKER, Finding, Judged, summary
from loadtest.verdict.placement import placement

SIGNS = {Finding.MET: "✅", Finding.BROKEN: "❌", Finding.UNKNOWN: "❔"}

SPECIAL = re.compile(r"([\\`*_\[\]<>|~#&])")
"""Characters that mean something in Markdown, or begin HTML."""


def write(results: Results, answers: Sequence[Judged], path: Path, before: Results | None = None) -> Path:
    """Write the summary of one run, of whatever command, to `path`, and return the path.

    `before`: an earlier run that it is compared with, its baseline.
    """
    if results.stalls:
        return _write(path, results, _stalls(results), answers)
    if results.options.objectives:
        told, table = capacities.sentences(results), _capacities(results)
    else:
        measured = rows(results)
        told, table = verdict(results, measured).sentences, services(measured)
    sections = [_section(told, table)]
    if before is not None:
        told, table = _changes(before, results)
        sections.append(_section([WEAKER, *told], table))
    return _write(path, results, sections, answers)


def write_before_after(before: Results, after: Results, answers: Sequence[Judged], path: Path) -> Path:
    """Write the summary of two runs to `path`, and return the path."""
    return _write(path, after, [_section(*_changes(before, after))], answers)


def _stalls(results: Results) -> list[str]:
    """Return what held the event loops, in sentences and as tables."""
    told = [f"{held.headline(results)}.", *held.sentences(results)]
    tables = [made(each) for each in results.stalls for made in (stall_tables.findings, stall_tables.repairs)]
    return [_section(told, []), *(_table([each.head, *each.rows]) for each in tables if each.rows)]


def _changes(before: Results, after: Results) -> tuple[list[str], list[list[str]]]:
    """Return what two runs show, in sentences and as a table."""
    tables = rows(before), rows(after)
    found = changes(*tables)
    head = ["service", "load", "figure", "before", "after", "after / before", "difference"]
    table = [
        [
            *(change.after.service, change.after.load.label, change.figure, *change.marked),
            cells.NONE if change.ratio is None else f"{change.ratio:.3f}",
            change.says,
        ]
        for change in found
    ]
    return [*unlike(before, after), *changed(found), *only(*tables)], [head, *table]


def escaped(text: str) -> str:
    """Return a text that Markdown shows as it is, in one line, also within a table."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _section(told: Iterable[str], table: Sequence[Sequence[str]]) -> str:
    """Return sentences as a list, and below them a table if it has more than its head."""
    sentences = "\n".join(f"- {escaped(sentence)}" for sentence in told)
    return "\n\n".join(filter(None, (sentences, _table(table) if table[1:] else "")))


def _write(path: Path, results: Results, sections: Sequence[str], answers: Sequence[Judged]) -> Path:
    machine = results.machine
    title = f"{', '.join(each.name for each in results.contenders)}: {results.options.title}"
    parts = [f"### {escaped(title)}"]
    if answers:
        lines = [
            [f"{SIGNS[each.finding]} {each.finding}", each.requirement.what, each.where, each.why] for each in answers
        ]
        parts += [*map(escaped, summary(results, answers)), _table([["", "requirement", "service", "figures"], *lines])]
    parts += sections
    where = f"{results.started.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {count(machine.cores, 'core')}"
    parts.append(
        escaped(f"Measured {where} ({machine.processor}): {placement(results)}. Figures in brackets: inconclusive.")
    )
    return atomic.write(path, "\n\n".join(filter(None, parts)) + "\n")


def services(table: Sequence[Row]) -> list[list[str]]:
    """Return the figures of each service and load that was measured."""
    head = ["service", "load", "predicted, requests/s", "measured, requests/s", "p50, ms", "p99, ms", "bound by"]
    return [head, *(_figures(row) for row in table if row.windows)]


def _figures(row: Row) -> list[str]:
    latencies = [row.percentile(rank) for rank in (0.5, 0.99)]
    hidden = not row.holds or diverges(row)
    return [
        *(row.service, row.load.label),
        cells.NONE if row.predicted is None else cells.per_second(row.predicted.throughput),
        cells.rate(row),
        *(cells.NONE if hidden else cells.latency(each, row.load) for each in latencies),
        row.bound if row.holds else "inconclusive",
    ]


def _capacities(results: Results) -> list[list[str]]:
    """Return the capacity of each service."""
    head = ["service", "predicted, arrivals/s", "found, arrivals/s", "bound by"]
    return [
        head,
        *(
            [
                each.service,
                cells.NONE if each.predicted is None else cells.per_second(each.predicted),
                cells.bracketed(capacities.found(each), holds=each.resolved),
                each.bound or cells.NONE,
            ]
            for each in results.capacities
        ),
    ]


def _table(lines: Sequence[Sequence[str]]) -> str:
    head, *body = ([escaped(cell) for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *body])
