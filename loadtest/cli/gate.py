"""The gate for CI: the options that hold a run against requirements, and the exit status that follows."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.padding import Padding

from loadtest.report import junit, markdown
from loadtest.results.schema import Results
from loadtest.terminal.before_after import show_before_after
from loadtest.terminal.gate import show_answers
from loadtest.verdict.aggregate import rows
from loadtest.verdict.comparison import conclusive
from loadtest.verdict.gate import WEAKER, Finding, Judged, judged, judged_since, untold, worst_first
from loadtest.verdict.requirements import BEFORE, Requirement, requirement

from .options import Mistake, mistakes
from .run import INCONCLUSIVE, VERDICT, cannot_be_written

F = TypeVar("F", bound=Callable[..., Any])

BROKEN = 3
"""The exit status of a run that breaks a requirement."""

STATUSES = """exit status: 0 conclusive, 2 inconclusive (the verdict says why) or interrupted, 1 failed to run
with --require: 0 all met, 3 one broken, 2 none broken but one cannot be told, or interrupted, 1 failed to run"""
"""The exit statuses of a command that runs something."""


class Require(click.ParamType[Requirement]):
    """A requirement such as p99<500ms."""

    name = "TEXT"

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> Requirement:
        """Return the requirement. Raises Mistake if the text is none."""
        with mistakes():
            return requirement(value) if isinstance(value, str) else value


def gate_options(function: F) -> F:
    """Add --require, --junit and --markdown. They are passed on by name, as `gate` takes them."""
    for option in (
        click.option("--markdown", metavar="FILE", help="Also write a summary in Markdown, for a pull request."),
        click.option("--junit", metavar="FILE", help="Also write the answers to --require as JUnit XML."),
        click.option(
            "--require",
            type=Require(),
            multiple=True,
            help="Requirement that decides the exit status, such as 'p99<500ms', 'errors<1%' or "
            "'new: throughput>=0.95x old'; may be repeated. [SERVICE:] FIGURE, one of < <= > >=, and a value with its "
            "unit, or a factor and a service. Figures: throughput, goodput, p50, p90, p95, p99, p99.9, errors, memory, "
            "cpu (time per request), capacity, stalls. Each holds at every load that is measured.",
        ),
    ):
        function = option(function)
    return function


@dataclass(frozen=True)
class Gate:
    """The requirements of a run, and the files that tell the answers."""

    requirements: Sequence[Requirement]
    junit: Path | None
    markdown: Path | None
    baseline: Results | None = None
    """An earlier run that the run is compared with, which requirements can refer to as BEFORE."""

    @property
    def texts(self) -> list[str]:
        """The requirements as typed that the run can answer without its baseline."""
        return [each.text for each in self.requirements if each not in self._since]

    @property
    def _since(self) -> list[Requirement]:
        return [each for each in self.requirements if self.baseline and each.other == BEFORE]

    def judge(self, screen: Console, results: Results) -> int:
        """Print the answers for one run, write the files, and return the exit status."""
        answers = judged(results)
        if self.baseline:
            show_before_after(screen, self.baseline, results)
            screen.print(Padding(WEAKER, (0, 0, 0, 2)), markup=False)
            answers = worst_first(
                [*answers, *judged_since(self.baseline, results, [each.text for each in self._since])]
            )
        return self.told(
            screen,
            results,
            answers,
            VERDICT if conclusive(results, rows(results)) else INCONCLUSIVE,
            partial(markdown.write, results, answers, before=self.baseline),
        )

    def told(
        self,
        screen: Console,
        results: Results,
        answers: Sequence[Judged],
        otherwise: int,
        summarize: Callable[[Path], Path],
    ) -> int:
        """Print answers, write the files, and return the exit status. `otherwise`: it if nothing is required."""
        if answers:
            show_answers(screen, results, answers)
        try:
            if self.junit:
                seconds = (results.finished - results.started).total_seconds()
                junit.write(answers, self.junit, results.started, seconds)
            if self.markdown:
                summarize(self.markdown)
        except OSError as error:
            return cannot_be_written(error, "The file of --junit or --markdown")
        return _status(answers) if self.requirements else otherwise

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Write the JUnit file if a Mistake ends the context: a CI server must not read that of an earlier run."""
        try:
            yield
        except Mistake as mistake:
            if self.junit:
                answers = untold(self.requirements, [], " ".join(mistake.message.split()))
                junit.write(answers, self.junit, datetime.now(UTC), 0.0)
            raise


def gate(given: dict[str, Any]) -> Gate:
    """Return the gate of the options of `gate_options`. Raises Mistake if a file cannot be written."""
    requirements = list({each.text: each for each in given["require"]}.values())
    if given["junit"] and not requirements:
        raise Mistake("--junit needs --require: it has one test for each requirement.")
    files = {name: _file(f"--{name}", given[name]) for name in ("junit", "markdown")}
    if files["junit"] and files["junit"] == files["markdown"]:
        raise Mistake(f"--junit and --markdown take a file each; got {given['junit']!r} twice.")
    return Gate(requirements, files["junit"], files["markdown"])


def _file(option: str, text: str | None) -> Path | None:
    """Return the path of a file to write. Raises Mistake if there is no such folder, or if it is not writable."""
    if text is None:
        return None
    path = Path(text)
    if not text or path.is_dir():
        raise Mistake(f"{option} takes a file; got {text!r}.")
    try:
        with TemporaryFile(dir=path.parent):  # find out now, before a run is measured and lost
            return path
    except OSError as error:
        raise Mistake(f"{option} {text!r} cannot be written: {error.strerror}.") from None


def _status(answers: Sequence[Judged]) -> int:
    findings = {each.finding for each in answers}
    if Finding.BROKEN in findings:
        return BROKEN
    return VERDICT if findings == {Finding.MET} else INCONCLUSIVE
