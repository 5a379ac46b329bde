"""Figures of the recorded runs, in words and as charts, for the Markdown of the slides."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from itertools import count

from loadtest.english import count as counted
from loadtest.english import duration
from loadtest.report.figures import bars, goodput
from loadtest.report.figures.picture import Figure
from loadtest.report.figures.theme import finished
from loadtest.report.page import static
from loadtest.results.schema import Contender, Results
from loadtest.verdict import format as cells
from loadtest.verdict.aggregate import Row, rows
from loadtest.verdict.comparison import doubtful, verdict

WIDE, HALF = 540, 270
"""Width of a chart in pixels before the slide enlarges it, alone and as one of two side by side."""


THROUGHPUT, GOODPUT = "throughput", "goodput"

AXES = {
    THROUGHPUT: "answers per second",
    GOODPUT: "answers in time per second",
}


class Shown:
    """The recorded runs by name. A figure that is inconclusive is in brackets, in the text and in charts."""

    def __init__(self, runs: Mapping[str, Results]) -> None:
        self.runs = runs
        self._tables = {name: rows(results) for name, results in runs.items()}
        self._numbers = count()

    def rate(self, run: str, service: str, amount: float) -> str:
        """Return the measured throughput in requests per second."""
        row = self.row(run, service, amount)
        return cells.bracketed(cells.readable(row.throughput), holds=row.holds) if row.windows else "not run"

    def predicted(self, run: str, service: str, amount: float) -> str:
        """Return the predicted throughput in requests per second."""
        row = self.row(run, service, amount)
        return cells.readable(row.predicted.throughput) if row.predicted else "unknown"

    def latency(self, run: str, service: str, amount: float, rank: float = 0.5) -> str:
        """Return a percentile of the latency, with its unit."""
        row = self.row(run, service, amount)
        found = row.percentile(rank)
        return "unknown" if found is None else cells.bracketed(duration(found), holds=row.holds)

    def goodput(self, run: str, service: str, amount: float) -> str:
        """Return the answers per second that came within the deadline."""
        row = self.row(run, service, amount)
        return "unknown" if row.goodput is None else cells.bracketed(cells.readable(row.goodput), holds=row.holds)

    def cpu(self, run: str, service: str, amount: float) -> str:
        """Return the CPU time of a request in microseconds."""
        return cells.cost(self.row(run, service, amount))

    def memory(self, run: str, service: str, amount: float) -> str:
        """Return the memory of a service in MiB."""
        found = self.row(run, service, amount).memory
        return "unknown" if found is None else f"{found / 2**20:.0f}"

    def capacity(self, run: str, service: str, name: str) -> int:
        """Return how many units of a limited resource a service has. Raises ValueError if it has no such resource."""
        demand = self._contender(run, service).demand
        for limit in demand.limits if demand else ():
            if limit.name == name:
                return limit.capacity
        raise ValueError(f"{service} has no limit {name!r} in the run {run}.")

    def slots(self, run: str, service: str) -> str:
        """Return the number of requests that a service holds at once."""
        slots = self._contender(run, service).slots
        return "any" if slots is None else str(slots)

    def services(self, run: str, kind: str) -> list[str]:
        """Return the names of the services of a run that are blocking, or non-blocking."""
        return [each.name for each in self.runs[run].contenders if each.kind == kind]

    def headline(self, run: str) -> str:
        """Return the finding of a run in one sentence."""
        return f"{verdict(self.runs[run], self._tables[run]).headline.rstrip('.')}."

    def wait(self, run: str) -> str:
        """Return the wait of a request."""
        return duration(self.runs[run].options.wait * 1000)

    def machine(self, run: str) -> str:
        """Return when and on what a run was recorded."""
        results = self.runs[run]
        when = results.started.astimezone(UTC)
        cores = counted(results.machine.cores, "core")
        return f"{when.day} {when:%B %Y}, {cores}, Python {results.machine.python}"

    def chart(  # noqa: PLR0913 - what a chart shows
        self,
        run: str,
        amount: float,
        figure: str = THROUGHPUT,
        *,
        width: int = WIDE,
        names: Mapping[str, str] = {},
        said: str = "",
    ) -> str:
        """Return a bar for each service at one load, beside its prediction, as Markdown.

        `names`: what to call services in the chart. `said`: the heading of the chart.
        """
        chosen = [row for row in self._tables[run] if row.load.amount == amount]
        drawn = [self._bar(run, row, figure, names.get(row.service, row.service)) for row in chosen]
        chart = bars.chart(drawn, AXES[figure], cells.readable)
        heading = said or f"{AXES[figure]} at {chosen[0].load.label}"
        name = f"chart-{next(self._numbers)}"
        svg = static(Figure(chart, "A bar for each service.", heading, width), finished(chart), name, heading)
        caption = f"<figcaption>{heading}</figcaption>" if said else ""
        return f'```{{=html}}\n<figure class="chart">{caption}{svg}</figure>\n```'

    def doubts(self) -> Sequence[str]:
        """Return a sentence for each step that is inconclusive."""
        return [f"{name}: {each}" for name, table in self._tables.items() for each in doubtful(table)]

    def table(self, run: str) -> Sequence[Row]:
        """Return all rows of a run."""
        return self._tables[run]

    def row(self, run: str, service: str, amount: float) -> Row:
        """Return a row of a run. Raises ValueError if it has none."""
        for row in self._tables[run]:
            if row.service == service and row.load.amount == amount:
                return row
        raise ValueError(f"The run {run} has no {service} at {amount:g}.")

    def _contender(self, run: str, service: str) -> Contender:
        return next(each for each in self.runs[run].contenders if each.name == service)

    def _bar(self, run: str, row: Row, figure: str, name: str) -> bars.Bar:
        kind = self._contender(run, row.service).kind
        foretold = row.predicted
        known: dict[str, tuple[float | None, float | None]] = {
            THROUGHPUT: (row.throughput if row.windows else None, foretold.throughput if foretold else None),
            GOODPUT: (row.goodput, goodput_foretold(self.runs[run], row)),
        }
        return bars.Bar(name, kind, *known[figure], holds=row.holds)


def goodput_foretold(results: Results, row: Row) -> float | None:
    """Return the predicted answers per second within the deadline, of an open load; None without a prediction."""
    fates = goodput.foretold(row, results.options.deadlines[0]) if results.options.deadlines else None
    return fates.good / sum(each.seconds for each in row.arrived) if fates and row.arrived else None
