"""Print what held the event loops of watched services."""

from rich.console import Console

from loadtest.results.schema import Results


def show_stalls(out: Console, results: Results, *, details: bool) -> None:
    """Print the findings."""
    for each in results.stalls:
        out.print(each.model_dump(exclude={"loops"}), details)
        for loop in each.loops:
            out.print(loop.model_dump(exclude={"stretches"}), len(loop.stretches))
