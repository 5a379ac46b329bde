import re
from io import StringIO

import pytest
from rich.console import Console

from loadtest.results.schema import Results
from loadtest.results.stalls import Spotted
from loadtest.terminal.stalls import show_stalls
from loadtest.watch.sites import Site
from tests.loadtest.support.stalled import SUMS, clean, computing, finding, stalls, watched

LONG = Site("shop/a/very/deep/folder/of/the/service/passwords.py", 12, "login", "hashlib.scrypt")
SPOTTED = Spotted(tool="ruff", site=SUMS, said="ASYNC251 [red]blocks[/red]", seen=False)


def printed(run: Results, width: int = 120, *, details: bool = False) -> str:
    out = Console(file=StringIO(), width=width, color_system=None, markup=False)
    with out.capture() as capture:
        show_stalls(out, run, details=details)
    return capture.get()


def test_the_answer_comes_first_then_findings_repairs_and_what_checkers_see() -> None:
    told = printed(watched(stalls(spotted=[SPOTTED])), details=True)
    assert told.startswith("requests.get in shop/app.py:57 (stock) holds the loop 41 ms a request: at most 24.4 ")
    in_order = (
        "Stalls of 10 ms or longer: shop, 20 arrivals/s for 10 s, 1 loop (times in ms)",
        r"line +call +kind +times +p50 +worst +a request +share +routes",
        r"shop/app.py:57 \(stock\) +requests.get +blocking call +200 +41.0 +45.2 +41.0 +82% +GET /stock \(200\)",
        "shop, requests per second of one process",
        r"as it is +24.4 +23.6 +0.97 +the event loop",
        r"in a thread +780 +- +- +the threads",
        r"awaited +400 +390 +0.97 +the pool",
        "shop, lines that static checkers point at",
        r"ruff +shop/prices.py:8 \(total\) +no +ASYNC251 \[red\]blocks\[/red\]",
        "A stall: ",
        "Measured on 2 cores",
    )
    places = [re.search(each if "+" in each else re.escape(each), told) for each in in_order]
    assert [each for each, place in zip(in_order, places, strict=True) if place is None] == []
    starts = [place.start() for place in places if place]
    assert starts == sorted(starts)


def test_a_service_without_findings_has_no_table() -> None:
    told = printed(watched(clean()))
    assert told.splitlines()[0] == "Nothing held the loop for 10 ms or longer."
    assert "line" not in told


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_figure_is_cut_however_narrow_the_console(width: int) -> None:
    run = watched(stalls(findings=[finding(LONG), computing()], spotted=[SPOTTED]))
    told = printed(run, width)
    assert max(map(len, told.splitlines())) <= width
    assert "\N{HORIZONTAL ELLIPSIS}" not in told
    assert "passwords.py:12 (login)" in " ".join(told.split()).replace("pass words", "passwords")
