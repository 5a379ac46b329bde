import re
from io import StringIO

import pytest
from rich.console import Console

from loadtest.results.schema import Results
from loadtest.terminal.capacity import show_capacities
from loadtest.terminal.progress import progress
from loadtest.workload.open import Open
from tests.loadtest.support.capacities import capacity
from tests.loadtest.support.fabricated import open_step, options, results, step

LONG = "flask-threads:workers=2:threads=64:max-in-flight=32"


def run(*services: str) -> Results:
    """Return a run with an answer for the first of these services, and no single answer for the others."""
    first, *others = services
    found = [capacity(95.0, 104.0, service=first)]
    found += [capacity(9.5, None, resolved=False, service=name) for name in others]
    return results([step(name, 1) for name in services]).model_copy(
        update={"options": options(objectives=["p99<500ms"]), "capacities": found}
    )


def printed(known: Results, width: int = 120) -> str:
    out = Console(file=StringIO(), width=width, color_system=None)
    with out.capture() as capture:
        show_capacities(out, known, details=True)
    return capture.get()


def test_an_answer_that_is_no_single_figure_stands_in_brackets() -> None:
    told = printed(run("flask", "aiohttp"))
    assert "Capacity within p99<500ms: delay, 100ms (arrivals/s)" in told
    assert re.search(r"^flask +100 +95\.0 to 104 +1 +15 +slots", told, re.MULTILINE)
    assert re.search(r"^aiohttp +100 +\(at least 9\.5\) +1 +15 +slots", told, re.MULTILINE)
    assert "No single answer for aiohttp after 1 probe: the time was over." in told
    assert "Figures in brackets are no single answer." in " ".join(told.split())


def test_a_service_without_a_prediction_has_none() -> None:
    known = run("flask")
    (found,) = known.capacities
    told = printed(known.model_copy(update={"capacities": [found.model_copy(update={"predicted": None})]}))
    assert re.search(r"^flask +- +95\.0 to 104 ", told, re.MULTILINE)


def test_a_service_that_carried_every_rate_reached_no_bound() -> None:
    known = run("aiohttp")
    (found,) = known.capacities
    told = printed(known.model_copy(update={"capacities": [found.model_copy(update={"failed": None, "bound": ""})]}))
    assert re.search(r"^aiohttp +100 +at least 95\.0 +1 +15 +none reached", told, re.MULTILINE)
    assert "For p99<500ms: aiohttp at least 95.0 arrivals/s." in told


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("names", [("flask", "aiohttp"), (LONG, "aiohttp")])
def test_no_figure_is_cut_however_narrow_the_console(names: tuple[str, ...], width: int) -> None:
    told = printed(run(*names), width)
    assert max(map(len, told.splitlines())) <= width
    assert "\N{HORIZONTAL ELLIPSIS}" not in told
    assert "95.0 to 104" in told


FINDING = "flask-threads, 249 arrivals/s: passed (0.40% missed p99<500ms, 0.10% to 0.90% in the long run)"


@pytest.mark.parametrize(("terminal", "about_the_step"), [(True, False), (False, True)])
def test_the_finding_of_a_window_is_printed_beside_a_bar_too(
    terminal: bool, about_the_step: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out = Console(file=StringIO(), width=120, force_terminal=terminal, color_system=None, highlight=False)
    with out.capture() as capture, progress(out, 60.0, 1) as bar:
        bar.begins("flask-threads", "249 arrivals/s", 1, 20.0)
        bar.ended(open_step("flask-threads", Open(249.0)))
        bar.found(FINDING)
    lines = capture.get().splitlines()
    assert len([line for line in lines if FINDING in line]) == 1
    assert any("249 offered" in line or " offered, " in line for line in lines) == about_the_step
