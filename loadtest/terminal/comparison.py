"""What a comparison prints at its end: its services, two tables and the verdict."""

from collections.abc import Iterator
from itertools import chain, groupby, repeat

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from loadtest.contenders.service import in_words
from loadtest.english import count
from loadtest.results.schema import Contender, Results
from loadtest.verdict import format as cells
from loadtest.verdict.aggregate import Row, grouped
from loadtest.verdict.comparison import verdict
from loadtest.workload.scenarios import POOLS

WIDE = 100
"""Columns from which on there is room for the spread between repeats and the 90th percentile."""


def show(out: Console, results: Results, table: list[Row]) -> None:
    """Both tables, the verdict, and what it was measured on."""
    wide = out.width >= WIDE
    happened, took = _what_happened(table, results, wide=wide), _what_it_took(table, results.contenders)
    for part in (_lineup(results.contenders), happened, took):
        part.padding = (0, 2 if wide else 1, 0, 0)
        out.print(part, "")
    for sentence in verdict(results, table):
        out.print(Padding(sentence, (0, 0, 0, 2)), markup=False)
    out.print(where(results), style="dim", markup=False)


def framed(title: str, left: list[str], right: list[str], *last: str) -> Table:
    """A table without rows, its columns of names at the left, those of figures, and those of words."""
    table = Table(
        title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for name in left:
        table.add_column(name, no_wrap=True)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    for name in last:
        table.add_column(name, min_width=12)
    return table


def _lineup(contenders: list[Contender]) -> Table:
    table = framed("The line-up", ["service", "kind"], [], "made of", "software")
    for each in grouped(contenders):
        limits = each.demand.limits if each.demand else ()
        pools = ", ".join(f"{limit.name} of {limit.capacity}" for limit in limits if limit.name in POOLS)
        table.add_row(each.name, each.kind, f"{each.made_of}\n{pools}".rstrip(), in_words(each.software))
    return table


def _what_happened(table: list[Row], results: Results, *, wide: bool) -> Table:
    ranks = (0.5, 0.9, 0.99) if wide else (0.5, 0.99)
    shown = framed(
        f"What happened: {results.options.scenario}, {results.options.delay} (requests per second; latency in ms)",
        ["service"],
        [_units(table), "predicted", "measured", "ratio", *(f"p{rank * 100:.0f}" for rank in ranks)],
        "bound by",
    )
    for service, row in _labelled(table, results.contenders):
        if row is None:
            shown.add_row(service, style="bold")
            continue
        amount, predicted = str(row.load.amount), f"{row.predicted.throughput:.1f}" if row.predicted else "-"
        if not row.windows:
            shown.add_row(service, amount, predicted, "not run", *[""] * (1 + len(ranks)), "saturated before")
            continue
        measured = f"{row.throughput:.1f}" + (f" ±{row.spread:.1f}" if wide and len(row.windows) > 1 else "")
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
        tiles = [_three_digits(row.percentile(rank)) for rank in ranks]
        bound = row.bound
        if row.doubts:
            tiles, bound = [cells.NONE] * len(ranks), "inconclusive"
        measured, ratio = (cells.bracketed(figure, holds=row.holds) for figure in (measured, ratio))
        shown.add_row(service, amount, predicted, measured, ratio, *tiles, bound)
    return shown


def _what_it_took(table: list[Row], contenders: list[Contender]) -> Table:
    run = [row for row in table if row.windows]
    kinds = any(row.errors for row in run)
    shown = framed(
        "What it took (CPU and generator in cores)",
        ["service"],
        [_units(table), "CPU", "µs/request", "memory", "generator", "hung", "errors"],
        *(["kinds of error"] if kinds else []),
    )
    for service, row in _labelled(run, contenders):
        if row is None:
            shown.add_row(service, style="bold")
            continue
        shown.add_row(
            *(service, str(row.load.amount)),
            "-" if row.server_cpu is None else f"{row.server_cpu:.2f}",
            "-" if row.cpu_per_request is None else f"{row.cpu_per_request:.0f}",
            "-" if row.memory is None else f"{row.memory / 2**20:.0f} MiB",
            *(f"{row.generator_cpu:.2f}", str(row.unfinished), str(row.failures)),
            *([", ".join(f"{count} x {kind}" for kind, count in row.errors.items())] if kinds else []),
        )
    return shown


def _labelled(table: list[Row], contenders: list[Contender]) -> Iterator[tuple[str, Row | None]]:
    """Each row with a label: its service's name once, and below it processes x threads = slots.

    Where there are several kinds of services, the name of each stands above them, without a row.
    """
    known = {each.name: each for each in contenders}
    several = len({known[row.service].kind for row in table}) > 1
    for kind, of_kind in groupby(table, key=lambda row: known[row.service].kind):
        if several:
            yield kind, None
        for service, group in groupby(of_kind, key=lambda row: row.service):
            rows, slots = list(group), cells.slots(known[service])
            labels = [service, slots] if len(rows) > 1 else [f"{service}\n{slots}".rstrip()]
            yield from zip(chain(labels, repeat("")), rows, strict=False)


def _units(table: list[Row]) -> str:
    return ", ".join(dict.fromkeys(row.load.unit for row in table))


def _three_digits(milliseconds: float | None) -> str:
    if milliseconds is None:
        return "-"
    digits = max(0, 3 - len(str(int(milliseconds)))) if milliseconds >= 1 else 3
    return f"{milliseconds:.{digits}f}"


def where(results: Results) -> str:
    """How to read the tables, and what they were measured on."""
    machine = results.machine
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    return (
        "\nBelow each service: processes x threads = slots. A - stands where too few requests were seen to say: five "
        "must lie beyond a percentile, and CPU time must come to 0.2 s."
        f"\nMeasured on {count(machine.cores, 'core')} ({machine.processor}), which the load generator shared; "
        f"Python {machine.python}, {packages}."
    )
