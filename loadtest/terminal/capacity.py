"""The output at the end of a search for capacity: a table, and the answer in words."""

from rich.console import Console

from loadtest.english import count
from loadtest.results.schema import Results
from loadtest.verdict.capacities import found, headline, sentences
from loadtest.verdict.format import NONE, per_second
from loadtest.verdict.placement import placement

from .layout import framed, put, say

LEGEND = (
    "Predicted: the highest rate that meets the objectives by a replay of the model. Found: the highest rate that met "
    "them, and the lowest that missed one. A probe decides only if the 95 % interval of the share of arrivals that "
    "missed an objective lies on one side of it. Latency counts from the intended start of each request."
)

UNREACHED = "none reached"
"""The bound of a service that carried every rate that could be offered."""


def show_capacities(out: Console, results: Results, *, details: bool) -> None:
    """Print the answer, and what was found for each service; with `details`, how, and what it was measured on."""
    options = results.options
    told = headline(results)
    say(out, told, [each for each in sentences(results) if each != f"{told}."])
    shown = framed(
        f"Capacity within {', '.join(options.objectives)}: {options.title} (arrivals/s)",
        ["service"],
        ["predicted", "found", "probes", "seconds"],
        "bound by",
    )
    for each in results.capacities:
        predicted = NONE if each.predicted is None else per_second(each.predicted)
        seconds = sum(probe.seconds for probe in each.probes)
        answer = found(each) if each.resolved else f"({found(each)})"
        shown.add_row(
            each.service,
            predicted,
            answer,
            str(len(each.probes)),
            f"{seconds:.0f}",
            each.bound or (NONE if each.failed else UNREACHED),
        )
    put(out, shown)
    if details:
        machine = results.machine
        where = f"Measured on {count(machine.cores, 'core')} ({machine.processor}): {placement(results)}."
        out.print(f"{LEGEND} Figures in brackets are no single answer.\n{where}", style="dim", markup=False)
