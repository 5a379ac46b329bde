"""The output at the end of a line-up: a table with one row per service, its legend and the conclusions."""

from collections.abc import Mapping

from rich.console import Console
from rich.padding import Padding

from loadtest.contenders.service import in_words
from loadtest.results.schema import Results
from loadtest.results.suite import CPU, DELAY, HEALTHZ, WAYS
from loadtest.verdict import format as cells
from loadtest.verdict.aggregate import KINDS
from loadtest.verdict.comparison import in_brief
from loadtest.verdict.lineup import (
    CAUTION,
    Portrait,
    causes,
    conclusion,
    doubts,
    headline,
    lacking,
    portraits,
    priced,
    sentences,
)

from .details import where
from .layout import framed, put, say

FIGURES = (
    *((DELAY, load, f"at {load.amount}") for load in WAYS[DELAY].loads),
    *((way, WAYS[way].loads[-1], f"/{way}") for way in (CPU, HEALTHZ)),
)
"""The columns of requests per second: comparison, load and heading of each."""

HEADS = (*(head for _, _, head in FIGURES), "µs\nidle", f"µs\n{FIGURES[2][2]}", "MiB", "lines")

ROOM = 112
"""The minimum width, in columns, to show the software in the table. On narrower terminals it is listed below."""

LEGEND = (
    f"Requests per second with a wait of {WAYS[DELAY].delay}, by users; then /cpu at {WAYS[CPU].loads[-1].label}, "
    f"which computes for {WAYS[CPU].delay}, and /healthz at {WAYS[HEALTHZ].loads[-1].label}. Below each: measured / "
    f"predicted. µs: CPU time per request, of /healthz (idle) and with the wait ({FIGURES[2][2]}). MiB: memory of all "
    f"processes {FIGURES[2][2]}. Lines: code of the framework's adapter. Figures in brackets are inconclusive."
)


def show_lineup(out: Console, measured: Mapping[str, Results], *, details: bool) -> None:
    """Print the conclusions, the table and a caution; with `details`, also the software, the legend and the machine."""
    wide = out.width >= ROOM
    shown = framed("The line-up", ["service", *(["software"] if wide else [])], list(HEADS))
    shown.padding = (0, 2 if wide else 0, 0, 0)
    found = portraits(measured)
    others = (f"{conclusion(found)}.", f"{priced(found)}.", *sentences(found), *lacking(measured))
    told = doubts(found) if details else in_brief(doubts(found), [row for each in found for row in each.rows.values()])
    say(out, headline(measured, found), [*others, *causes(found), *told])
    out.print(CAUTION, "", style="dim", markup=False, sep="\n")
    for kind in KINDS:
        group = [each for each in found if each.contender.kind == kind]
        if group:
            shown.add_row(kind, style="bold")
        for each in group:
            label = f"{each.name}\n{cells.slots(each.contender)}".rstrip()
            software = in_words(each.contender.software).replace(", ", "\n")
            shown.add_row(label, *([software] if wide else []), *_figures(each))
    put(out, shown)
    if not details:
        return
    elsewhere = [] if wide else [f"{each.name}: {in_words(each.contender.software)}." for each in found]
    for sentence in (*elsewhere, LEGEND):
        out.print(Padding(sentence, (0, 0, 0, 2)), markup=False)
    for results in list(measured.values())[:1]:
        out.print(where(results), style="dim", markup=False)
    if any(each.contender.calibration for each in found):
        out.print(cells.CALIBRATED, style="dim", markup=False)


def _figures(each: Portrait) -> list[str]:
    rows = [each.row(way, load) for way, load, _ in FIGURES]
    busy = each.row(DELAY)
    return [
        *(f"{cells.rate(row)}\n{cells.ratio(row)}".rstrip() for row in rows),
        *(cells.cost(each.row(HEALTHZ)), cells.cost(busy), cells.memory(busy), cells.lines(each.contender)),
    ]
