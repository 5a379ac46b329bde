import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from loadtest.results.schema import save
from loadtest.terminal.comparison import show
from loadtest.terminal.layout import framed, legible, put
from loadtest.terminal.lineup import show_lineup
from loadtest.terminal.progress import console, progress
from loadtest.verdict.aggregate import rows
from tests.loadtest.support.fabricated import lineup_of, measured, results, step

RUN = results(
    [
        *(step(name, users, repeat=repeat) for name in ("flask", "aiohttp") for users in (1, 50) for repeat in (1, 2)),
        step("flask-threads", 50, measured=measured(50, failures=3, errors={"unexpected body: b'\N{SNOWMAN}'": 3})),
        step("aiohttp", 400, doubts=["the load generator was saturated (99% of a core)"]),
    ]
)
ALL = lineup_of(("flask", "aiohttp"))


def fresh(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


def read(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode(stream.encoding)


def everything(out: Console) -> None:
    """Print every table of the terminal."""
    with progress(out, 10.0, 1) as bar:
        for each in RUN.steps:
            bar.begins(each.service, each.load.label, each.repeat, 1.0)
            bar.ended(each)
    show(out, RUN, rows(RUN), details=True)
    show_lineup(out, ALL, details=True)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "koi8-r", "utf-8"])
@pytest.mark.parametrize("width", [40, 80, 120])
def test_every_figure_can_be_read_in_any_encoding_and_width(encoding: str, width: int) -> None:
    stream = fresh(encoding)
    legible(stream)
    out = Console(file=stream, width=width, color_system=None, highlight=False, markup=False, emoji=False)
    everything(out)
    text = read(stream)
    assert max(map(len, text.splitlines())) <= width
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert "4000.0" in text
    assert "At 1 user throughput is equal within 5%" in " ".join(text.split())


@pytest.mark.parametrize("term", ["dumb", "xterm", "unknown"])
@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_without_colours_or_movement_gets_words_alone(
    term: str, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", term)
    stream = fresh("ascii")
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stdout", stream)
    out = console()
    show(out, RUN, rows(RUN), details=True)
    text = read(stream)
    assert not re.search(r"\x1b\[[\d;]*(?:3\d|4\d)m", text)  # no colour; bold is none
    assert "4000.0" in text
    if term == "dumb":
        assert "\x1b" not in text
        with progress(out, 10.0, 1) as bar:
            bar.ended(RUN.steps[0])
        assert "flask, 1 user, repeat 1: 10.0 requests per second" in " ".join(read(stream).split())


@pytest.mark.slow
def test_the_command_draws_a_report_whatever_its_output_takes(tmp_path: Path) -> None:
    path = save(RUN, tmp_path / "\N{SNOWMAN}")
    command = [str(Path(sys.executable).with_name("sync-vs-async")), "report", str(path)]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "40"}
    ran = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.endswith(b"/?/report.html\n")


def printed(table: Table, width: int) -> str:
    out = Console(file=io.StringIO(), width=width, color_system=None)
    with out.capture() as capture:
        put(out, table)
    return capture.get()


def test_a_table_that_is_too_wide_is_a_list_of_its_figures_under_their_names() -> None:
    table = framed("A title", ["service"], ["users", "µs\nidle"], "bound by")
    table.add_row("blocking", style="bold")
    table.add_row("flask\n5 x 1 = 5", "1", "10.0\n1.00", "users")
    table.add_row("", "50", "", "slots, unevenly shared")
    assert [line.rstrip() for line in printed(table, 30).splitlines()] == [
        "A title",
        "blocking",
        "flask / 5 x 1 = 5",
        "  users 1, µs idle 10.0 /",
        "  1.00, bound by users",
        "  users 50, bound by slots,",
        "  unevenly shared",
        "",
    ]
    assert "users 1," not in printed(table, 80)


def test_a_figure_with_a_space_is_never_cut() -> None:
    table = framed("A title", ["service"], ["context switches"])
    table.add_row("flask", "1234.5 + 1234.5")
    for width in range(15, 40):
        assert "1234.5 + 1234.5" in " ".join(printed(table, width).split())


def test_a_table_that_is_a_little_too_wide_has_its_columns_closer_together() -> None:
    table = framed("A title", ["service"], ["one", "two", "three"])
    table.add_row("flask", "1", "2", "3")
    assert "service   one   two   three" in printed(table, 40)
    assert "service  one  two  three" in printed(table, 25)
    assert "one 1, two 2," in printed(table, 22)
