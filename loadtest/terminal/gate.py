"""The answers to requirements on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding

from loadtest.results.schema import Results
from loadtest.verdict.gate import Judged, summary

from .layout import framed, put


def show_answers(out: Console, results: Results, answers: Sequence[Judged]) -> None:
    """Print each requirement of a run with its answer, in the order given, and how many are met."""
    out.print()
    table = framed("Requirements", ["requirement", "service"], [], "answer")
    for each in answers:
        table.add_row(each.requirement.what, each.where, f"{each.finding}: {each.why}")
    put(out, table)
    for sentence in summary(results, answers):
        out.print(Padding(sentence, (0, 0, 0, 2)), markup=False)
