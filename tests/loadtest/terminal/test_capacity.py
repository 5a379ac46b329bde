from io import StringIO

from rich.console import Console

from loadtest.terminal.capacity import show_capacities
from tests.loadtest.support.capacities import capacity
from tests.loadtest.support.fabricated import options, results, step


def test_an_answer_that_is_no_single_figure_stands_in_brackets() -> None:
    run = results([step("flask", 1)]).model_copy(
        update={
            "options": options(objectives=["p99<500ms"]),
            "capacities": [capacity(95.0, 104.0), capacity(9.5, None, resolved=False, service="aiohttp")],
        }
    )
    out = StringIO()
    show_capacities(Console(file=out, width=120), run)
    printed = out.getvalue()
    assert "Capacity within p99<500ms" in printed
    assert " 95.0 to 104 " in printed
    assert " (at least 9.5) " in printed
    assert "No single answer for aiohttp" in printed
