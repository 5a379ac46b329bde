"""The output during a run: a progress bar on a terminal, else one line for each step."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf

from rich.columns import Columns
from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar

from loadtest.english import duration
from loadtest.results.schema import Measured, Step
from loadtest.verdict import backlog
from loadtest.verdict.aggregate import Row
from loadtest.verdict.bounds import throughput
from loadtest.verdict.format import latency, not_run, per_second

from .layout import legible

PLAIN_WIDTH = 120
"""The width in columns if the output is not a terminal."""

BAR_WIDTH = 30


def console(*, errors: bool = False) -> Console:
    """Return a console on standard output or, with `errors`, on standard error.

    If that is not a terminal: plain text, PLAIN_WIDTH columns wide.
    """
    legible(sys.stderr if errors else sys.stdout)
    out = Console(stderr=errors, highlight=False, markup=False, emoji=False)
    if not out.is_terminal:
        out.width = PLAIN_WIDTH
    return out


class Bar:
    """The progress of a run that is expected to take `seconds`: the current step, and the time left."""

    def __init__(self, out: Console, seconds: float, repeats: int) -> None:
        self._out = out
        self._total = seconds
        self._repeats = repeats
        self.about = ""
        """The prefix of every step, which names the current comparison."""
        self._what = "starting"
        self._done = 0.0
        self._current = 0.0
        self._began = time.monotonic()

    def begins(self, service: str, what: str, repeat: int, seconds: float) -> None:
        """Show a calibration or a step that begins and is expected to take `seconds`."""
        self._done += self._current
        self._current = seconds
        self._began = time.monotonic()
        of = f", repeat {repeat} of {self._repeats}" if self._repeats > 1 else ""
        if repeat > self._repeats:
            of = ", in place of one that was disturbed"
        self._what = f"{self.about}{service}, {what}{of}"

    def ended(self, step: Step) -> None:
        """Print the result of a finished step on one line, if no bar is shown."""
        if not _shows_bar(self._out):
            self._out.print(self.about + _line(step), markup=False)

    def found(self, sentence: str) -> None:
        """Print what a step shows, above the bar if there is one."""
        self._out.print(self.about + sentence, markup=False)

    def view(self) -> RenderableType:
        """Return the bar, the time left and the current step, for the terminal."""
        done = self._done + min(time.monotonic() - self._began, self._current)
        left = max(0, round(self._total - done))
        bar = ProgressBar(self._total, done, width=BAR_WIDTH)
        return Columns([bar, f"{left // 60}:{left % 60:02} left", self._what])


@contextmanager
def progress(out: Console, seconds: float, repeats: int, kind: type[Bar] = Bar) -> Iterator[Bar]:
    """Show a bar until the context exits, if the output is a terminal that can redraw it, and yield the bar."""
    bar = kind(out, seconds, repeats)
    if not _shows_bar(out):
        yield bar
        return
    with Live(get_renderable=bar.view, console=out, refresh_per_second=4, transient=True):
        yield bar


def _shows_bar(out: Console) -> bool:
    return out.is_terminal and not out.is_dumb_terminal


def _line(step: Step) -> str:
    head = f"{step.service}, {step.load.label}, repeat {step.repeat}: "
    if step.measured is None:
        return f"{head}not run, {not_run(step.load)}"
    doubts = f"; inconclusive: {'; '.join(step.doubts)}" if step.doubts else ""
    if step.measured.arrivals is not None:
        return f"{head}{_arrivals(step, step.measured)}, bound by {step.bound}{doubts}"
    predicted = f" ({step.predicted.throughput:.1f} predicted)" if step.predicted else ""
    return f"{head}{throughput(step.measured):.1f} requests per second{predicted}, bound by {step.bound}{doubts}"


def _arrivals(step: Step, measured: Measured) -> str:
    """Return the arrivals of a step, and the highest percentile that is known of them, or how their backlog grew."""
    foretold = [step.predicted.arrivals] if step.predicted and step.predicted.arrivals else []
    row = Row(step.service, step.load, step.predicted, [measured], step.bound, step.doubts, forecasts=foretold)
    offered = f"{per_second(backlog.offered(row))} offered"
    if backlog.diverges(row):
        return f"{offered}, diverges: {backlog.slopes(row)}"
    for rank in (0.99, 0.9, 0.5):
        if (known := row.percentile(rank)) is not None:
            told = f"{offered}, p{rank * 100:.0f} {_latency(known, row)}"
            expected = row.foretold(rank)
            return told if expected is None else f"{told} ({_latency(expected, row)} predicted)"
    return offered


def _latency(milliseconds: float, row: Row) -> str:
    return duration(milliseconds) if milliseconds < inf else latency(milliseconds, row.load)
