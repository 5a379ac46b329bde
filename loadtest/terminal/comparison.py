"""The output at the end of a comparison: the verdict, the figures that it rests on and, if asked for, the details."""

from rich.console import Console
from rich.table import Table

from loadtest.results.schema import Results
from loadtest.verdict import format as cells
from loadtest.verdict.aggregate import Row
from loadtest.verdict.backlog import diverges
from loadtest.verdict.comparison import verdict
from loadtest.verdict.open_comparison import is_open

from . import arrivals, need, pairs
from .details import resources, show_details, troubled
from .labels import labelled, units
from .layout import WIDE, framed, put, say

SATURATED = "saturated"
"""Why a step was not run: fewer users saturate the service."""


def show(out: Console, results: Results, table: list[Row], *, details: bool) -> None:
    """Print the headline, a sentence for each service, doubts, and the table of throughput or latency.

    `details`: also print what services have in common, what the load took, and the legends. What failed is always
    shown.
    """
    found = verdict(results, table)
    beside = [*found.notes, *found.doubts] if details else found.brief
    say(out, found.headline, [*found.services, *beside])
    wide = out.width >= WIDE
    if is_open(results):
        shown = [arrivals.latency(table, results, wide=out.width >= arrivals.WIDE)]
        if details or results.options.deadlines or any(row.lost for row in table):
            shown.append(arrivals.traffic(table, results, wide=wide))
    else:
        shown = [_what_happened(table, results, wide=wide)]
    if any(row.parts for row in table):
        shown.append(_by_request(table, results))
    for part in (*shown, *pairs.tables(results), *need.tables(results)):
        put(out, part)
    if details:
        show_details(out, results, table)
    elif troubled(table):
        put(out, resources(table, results))


def _what_happened(table: list[Row], results: Results, *, wide: bool) -> Table:
    ranks = (0.5, 0.9, 0.99) if wide else (0.5, 0.99)
    good = bool(results.options.deadlines)
    shown = framed(
        f"Throughput and latency: {results.options.title} (requests/s; latency in ms)",
        ["service"],
        [
            *(units(table), "predicted", "measured", "ratio", *(["goodput"] if good else [])),
            *(f"p{rank * 100:.0f}" for rank in ranks),
        ],
        "bound by",
    )
    for service, row in labelled(table, results.contenders):
        if row is None:
            shown.add_row(service, style="bold")
            continue
        amount, predicted = str(row.load.amount), f"{row.predicted.throughput:.1f}" if row.predicted else "-"
        if not row.windows:
            shown.add_row(service, amount, predicted, "not run", *[""] * (1 + good + len(ranks)), SATURATED)
            continue
        measured = f"{row.throughput:.1f}" + (f" ±{row.spread:.1f}" if wide and len(row.windows) > 1 else "")
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
        tiles = [cells.latency(row.percentile(rank), row.load) for rank in ranks]
        bound = row.bound
        if row.doubts:
            tiles, bound = [cells.NONE] * len(ranks), "inconclusive"
        measured, ratio = (cells.bracketed(figure, holds=row.holds) for figure in (measured, ratio))
        goodput = [cells.goodput(row)] if good else []
        shown.add_row(service, amount, predicted, measured, ratio, *goodput, *tiles, bound)
    return shown


def _by_request(table: list[Row], results: Results) -> Table:
    """Return the table of what users sent, one row for each request."""
    shown = framed(
        "By request (requests/s; latency in ms)",
        ["service"],
        [units(table), "request", "measured", "p50", "p90", "p99", "errors"],
    )
    for service, row in labelled([row for row in table if row.parts], results.contenders):
        if row is None:
            shown.add_row(service, style="bold")
            continue
        for place, part in enumerate(row.parts):
            tiles = [cells.latency(part.percentile(rank), row.load) for rank in (0.5, 0.9, 0.99)]
            measured = cells.bracketed(f"{part.throughput:.1f}", holds=row.holds)
            known = row.holds and not diverges(row)
            first = (service, str(row.load.amount)) if place == 0 else ("", "")
            shown.add_row(*first, part.name, measured, *(tiles if known else [cells.NONE] * 3), str(part.failures))
    return shown
