"""The output at the end of a run that watched event loops: what held them, what a repair brings, and the tables."""

from rich.console import Console

from loadtest.english import count, duration
from loadtest.results.schema import Results
from loadtest.results.stalls import Stalls
from loadtest.verdict import stall_tables
from loadtest.verdict.held import headline, sentences
from loadtest.verdict.placement import placement
from loadtest.verdict.stall_tables import Table

from .layout import framed, put, say

LEGEND = (
    "A stall: a callback, or several without a pause, that held an event loop for this long. Times: the number of "
    "stalls. A request: divided by all requests of the window. Share: of the loops' time. Repairs: the most "
    "requests per second of one process, by the model; ratio: measured / predicted. Figures in brackets are "
    "inconclusive."
)


def show_stalls(out: Console, results: Results, *, details: bool) -> None:
    """Print the answer and the tables; with `details`, what the columns mean, and what it was measured on."""
    say(out, headline(results), sentences(results))
    for each in results.stalls:
        least = f"Stalls of {duration(each.least_ms)} or longer"
        _put(out, f"{least}: {each.service}, {_load(each)} (times in ms)", stall_tables.findings(each))
        _put(out, f"{each.service}, requests per second of one process", stall_tables.repairs(each))
        _put(out, f"{each.service}, lines that static checkers point at", stall_tables.spotted(each))
    if details:
        for note in (note for each in results.stalls for note in each.notes):
            out.print(note, style="dim", markup=False)
        machine = results.machine
        where = f"Measured on {count(machine.cores, 'core')} ({machine.processor}): {placement(results)}."
        out.print(f"{LEGEND}\n{where}", style="dim", markup=False)


def _load(stalls: Stalls) -> str:
    return f"{stalls.rate:g} arrivals/s for {stalls.seconds:.0f} s, {count(len(stalls.loops), 'loop')}"


def _put(out: Console, title: str, table: Table) -> None:
    """Print a table, unless it is empty."""
    if not table.rows:
        return
    *heads, last = (name.removesuffix(", ms") for name in table.head)
    shown = framed(title, heads[: table.names], heads[table.names :], last)
    for row in table.rows:
        shown.add_row(*row)
    put(out, shown)
