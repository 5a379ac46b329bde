"""What a run prints while it goes on: a progress bar, or a line for each step where there is no terminal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.columns import Columns
from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar

from loadtest.results.schema import Step
from loadtest.verdict.judge import throughput
from loadtest.workload import Load

PLAIN_WIDTH = 120
"""Columns where the output is not a terminal."""

BAR_WIDTH = 30


def console() -> Console:
    """Standard output: plain text, and wide enough for the tables, where it is not a terminal."""
    out = Console(highlight=False, markup=False, emoji=False)
    if not out.is_terminal:
        out.width = PLAIN_WIDTH
    return out


class Bar:
    """The progress of a run that should take `seconds`: what is running, and the time left."""

    def __init__(self, out: Console, seconds: float, repeats: int) -> None:
        self._out = out
        self._total = seconds
        self._repeats = repeats
        self.about = ""
        """What is said before each step: of which part of the run it is."""
        self._what = "starting"
        self._done = 0.0
        self._current = 0.0
        self._began = time.monotonic()

    def begins(self, service: str, load: Load, repeat: int, seconds: float) -> None:
        """A step begins that should take `seconds`."""
        self._done += self._current
        self._current = seconds
        self._began = time.monotonic()
        of = f", {repeat} of {self._repeats}" if self._repeats > 1 else ""
        self._what = f"{self.about}{service}, {load.label}{of}"

    def ended(self, step: Step) -> None:
        """A step is over: a line of its own where there is no bar to watch."""
        if not self._out.is_terminal:
            self._out.print(self.about + _line(step), markup=False)

    def view(self) -> RenderableType:
        """The bar as it stands now."""
        done = self._done + min(time.monotonic() - self._began, self._current)
        left = max(0, round(self._total - done))
        bar = ProgressBar(self._total, done, width=BAR_WIDTH)
        return Columns([bar, f"{left // 60}:{left % 60:02} left", self._what])


@contextmanager
def progress(out: Console, seconds: float, repeats: int) -> Iterator[Bar]:
    """A bar that is shown until the context is left, if the output is a terminal."""
    bar = Bar(out, seconds, repeats)
    if not out.is_terminal:
        yield bar
        return
    with Live(get_renderable=bar.view, console=out, refresh_per_second=4, transient=True):
        yield bar


def _line(step: Step) -> str:
    head = f"{step.service}, {step.load.label}, repeat {step.repeat}: "
    if step.measured is None:
        return head + "not run, saturated before"
    predicted = f" ({step.predicted.throughput:.1f} predicted)" if step.predicted else ""
    doubts = f"; inconclusive: {'; '.join(step.doubts)}" if step.doubts else ""
    return f"{head}{throughput(step.measured):.1f} requests a second{predicted}, bound by {step.bound}{doubts}"
