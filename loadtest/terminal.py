"""What a run shows in the terminal: a progress bar while it goes on, two tables and the verdict at its end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.columns import Columns
from rich.console import Console, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table

from .judge import throughput
from .results import Contender, Results, Step
from .rows import Row, rows
from .verdict import verdict

PLAIN_WIDTH = 120
"""Columns where the output is not a terminal."""

BAR_WIDTH = 30


def console() -> Console:
    """Standard output: plain text, and wide enough for the tables, where it is not a terminal."""
    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=PLAIN_WIDTH, color_system=None)


class Bar:
    """The progress of a run that should take `seconds`: what is running, and the time left."""

    def __init__(self, out: Console, seconds: float, repeats: int) -> None:
        """Begin at nothing."""
        self._out = out
        self._total = seconds
        self._repeats = repeats
        self._what = "starting"
        self._done = 0.0
        self._current = 0.0
        self._began = time.monotonic()

    def begins(self, service: str, users: int, repeat: int, seconds: float) -> None:
        """A step begins that should take `seconds`."""
        self._done += self._current
        self._current = seconds
        self._began = time.monotonic()
        self._what = f"{service}, {users} users" + (f", {repeat} of {self._repeats}" if self._repeats > 1 else "")

    def ended(self, step: Step) -> None:
        """A step is over: a line of its own where there is no bar to watch."""
        if not self._out.is_terminal:
            self._out.print(_line(step), markup=False)

    def view(self) -> RenderableType:
        """The bar as it stands now."""
        done = self._done + min(time.monotonic() - self._began, self._current)
        left = max(0, round(self._total - done))
        bar = ProgressBar(self._total, done, width=BAR_WIDTH)
        return Columns([bar, f"{left // 60}:{left % 60:02} left", f"{self._what}"])


@contextmanager
def progress(out: Console, seconds: float, repeats: int) -> Iterator[Bar]:
    """A bar that is shown until the context is left, if the output is a terminal."""
    bar = Bar(out, seconds, repeats)
    if not out.is_terminal:
        yield bar
        return
    with Live(get_renderable=bar.view, console=out, refresh_per_second=4, transient=True):
        yield bar


def show(out: Console, results: Results) -> None:
    """Both tables, the verdict, and what it was measured on."""
    table = rows(results)
    out.print(_lineup(results.contenders))
    out.print(_what_happened(table))
    if any(row.server_cpu is not None for row in table):
        out.print(_what_it_took(table))
    for sentence in verdict(results):
        out.print(Padding(sentence, (0, 0, 0, 2)), markup=False)
    out.print(_where(results), style="dim", markup=False)


def _line(step: Step) -> str:
    head = f"{step.service}, {step.users} users, repeat {step.repeat}: "
    if step.measured is None:
        return head + "not run, saturated before"
    predicted = f" ({step.predicted.throughput:.1f} predicted)" if step.predicted else ""
    doubts = f"; inconclusive: {'; '.join(step.doubts)}" if step.doubts else ""
    return f"{head}{throughput(step.measured):.1f} requests a second{predicted}, bound by {step.bound}{doubts}"


def _table(title: str, left: list[str], right: list[str], last: str | None = None) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for name in left:
        table.add_column(name, no_wrap=True)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    if last:
        table.add_column(last)
    return table


def _lineup(contenders: list[Contender]) -> Table:
    table = _table("The line-up", ["service", "kind"], [], "made of")
    for each in contenders:
        table.add_row(each.name, each.kind, each.made_of)
    return table


def _what_happened(table: list[Row]) -> Table:
    shown = _table(
        "What happened (requests per second; latency in ms)",
        ["service"],
        ["users", "predicted", "measured", "ratio", "p50", "p90", "p99"],
        "bound by",
    )
    for service, row in _grouped(table):
        predicted = f"{row.predicted.throughput:.1f}" if row.predicted else "-"
        if not row.windows:
            shown.add_row(service, str(row.users), predicted, "not run", "", "", "", "", "saturated before")
            continue
        measured = f"{row.throughput:.1f}" + (f" ±{row.spread:.1f}" if len(row.windows) > 1 else "")
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
        tiles = [_three_digits(row.percentile(rank)) for rank in (0.5, 0.9, 0.99)]
        if row.doubts:
            measured, ratio, tiles = f"({measured})", f"({ratio})", ["-", "-", "-"]
        bound = "inconclusive, see below" if row.doubts else row.bound
        shown.add_row(service, str(row.users), predicted, measured, ratio, *tiles, bound)
    return shown


def _what_it_took(table: list[Row]) -> Table:
    shown = _table(
        "What it took (CPU in cores)",
        ["service"],
        ["users", "CPU", "µs CPU/request", "memory", "generator CPU", "unfinished", "errors"],
        "kinds of error",
    )
    for service, row in _grouped([row for row in table if row.windows]):
        shown.add_row(
            service,
            str(row.users),
            "-" if row.server_cpu is None else f"{row.server_cpu:.2f}",
            "-" if row.cpu_per_request is None else f"{row.cpu_per_request:.0f}",
            "-" if row.memory is None else f"{row.memory / 2**20:.0f} MiB",
            f"{row.generator_cpu:.2f}",
            str(row.unfinished),
            str(row.failures),
            ", ".join(f"{count} x {kind}" for kind, count in row.errors.items()),
        )
    return shown


def _grouped(table: list[Row]) -> Iterator[tuple[str, Row]]:
    """Each row with its service's name, named once."""
    before = None
    for row in table:
        yield ("" if row.service == before else row.service), row
        before = row.service


def _three_digits(milliseconds: float | None) -> str:
    if milliseconds is None:
        return "-"
    digits = max(0, 2 - len(str(int(milliseconds))) + 1) if milliseconds >= 1 else 3
    return f"{milliseconds:.{digits}f}"


def _where(results: Results) -> str:
    machine = results.machine
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    return (
        "\nA - stands where too few requests were seen to say: five must lie beyond a percentile, and CPU time must "
        "come to 0.2 s."
        f"\nMeasured on {machine.cores} cores ({machine.processor}), which the load generator shared; "
        f"Python {machine.python}, {packages}."
    )
