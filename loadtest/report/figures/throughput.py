"""The first picture of a closed load: predicted and measured throughput by number of users."""

from collections.abc import Iterator
from itertools import pairwise
from math import floor, isfinite, log, log10
from typing import Any, NamedTuple, Self

import altair as alt

from loadtest.english import listed, plural_of
from loadtest.results.schema import Contender, Results
from loadtest.verdict.aggregate import Row
from loadtest.verdict.bounds import throughput
from loadtest.verdict.comparison import compared, verdict
from loadtest.workload.closed import Closed
from loadtest.workload.demand import BLOCKED, DEADLOCK, STANDSTILL, Demand

from . import knees, labels
from .latency import loads
from .picture import Figure, Picture, Table, data
from .theme import HEIGHT, colour, colour_of, marks, services, size, stretches, unsure

POINTS = 40
"""Points of a predicted line, besides its knee."""

PARTS = 12
"""Straight parts of a measured line from one mark to the next."""

HEAD = 12
"""Pixels above the highest line."""

NOTHING_HOLDS = "No measured step is conclusive"


def picture(results: Results, table: list[Row]) -> Picture:
    """Return the picture of throughput by number of users, for all services."""
    return Picture(
        name="throughput",
        title=". ".join([*_standstills(table), _conclusion(results, table).rstrip(".")]),
        caption="Successful requests per second; each user waits for an answer before the next request. Thick line: "
        f"measured; a vertical bar is the range of the repeats. Thin line: {predicted(results)}. Tick: the knee; more "
        f"users only wait longer.{unsure(row for row in table if row.windows)}",
        figures=[Figure(chart(results, table), "Throughput by number of users.")],
        table=_table(table),
    )


def predicted(results: Results) -> str:
    """Return the word for the predictions of a run; what it means that they are calibrated is a fact of the report."""
    return "predicted, calibrated" if any(each.calibration for each in results.contenders) else "predicted"


def _conclusion(results: Results, table: list[Row]) -> str:
    """Return how the services compare or, without two to compare, the first sentence of the verdict."""
    if not any(row.holds for row in table):
        return NOTHING_HOLDS
    ahead = [] if results.options.pairings else compared(table)
    found = verdict(results, table)
    return next(iter([*ahead, *found.notes, *found.services]), found.headline)


def _standstills(table: list[Row]) -> list[str]:
    users: dict[tuple[str, str], list[str]] = {}
    for row in table:
        if row.bound in STANDSTILL and row.holds:
            users.setdefault((row.service, row.bound), []).append(str(row.load.amount))
    says = {DEADLOCK: "is deadlocked", BLOCKED: "is blocked by slow clients"}
    return [
        f"{service} {says[bound]} at {listed(counts)} {plural_of(int(counts[-1]), 'user')}"
        for (service, bound), counts in users.items()
    ]


def chart(results: Results, table: list[Row]) -> alt.LayerChart:
    """Return a chart of predicted lines, measured marks with their range, and knees; each line is named at its end."""
    names = services([results])
    steps = [load for load in loads(table) if isinstance(load, Closed)]
    measured = [{**_mark(row, stretch), "size": size(names, row.service)} for row, stretch in stretches(table)]
    lines = [point for each in results.contenders if each.demand for point in _line(each.name, each.demand, steps)]
    bends = [knee for each in results.contenders if (knee := _knee(each, steps))]
    plot = Plot.of([load.users for load in steps], [*measured, *lines], names)
    known = knees.labels(bends, plot.across)
    plot = plot._replace(above=knees.ROW * max((label.row + 1 for label in known), default=0))
    x, y, ink = plot.x(), plot.y(), colour(names, keyed=False)
    foretold = alt.Chart(data(lines)).mark_line(strokeWidth=1.25).encode(x=x, y=y, color=ink)
    run = alt.Chart(data(measured)).encode(x=x, color=ink)
    spread = run.mark_rule(strokeWidth=2).encode(y=alt.Y("slowest:Q"), y2=alt.Y2("fastest:Q"))
    path = alt.Chart(data(list(_path(measured)))).mark_line(strokeWidth=3)
    joined = path.encode(x=x, y=y, color=ink, detail=alt.Detail("stretch:N"))
    tooltip = [
        *("service:N", "users:Q"),
        alt.Tooltip("rate:Q", title="measured, requests/s", format=".1f"),
        alt.Tooltip("predicted:N", title="predicted, requests/s"),
        *(alt.Tooltip("bound:N", title="bound by"), alt.Tooltip("doubts:N", title="inconclusive")),
    ]
    points = marks(run.encode(y=y), names, tooltip, keyed=False)
    rules, bent = knees.layers(known, x, y, plot.row)
    named = labels.layers(_ends(names, measured, lines, plot), plot.frame)
    return alt.LayerChart(layer=[*rules, foretold, joined, spread, points, *bent, *named]).properties(
        height=plot.height
    )


class Plot(NamedTuple):
    """The scales of the chart: users from `low` to `high`, throughput up to `most`, and `above` it labels of knees."""

    users: list[int]
    most: float
    lines: int
    """Height in pixels of the part with the lines."""
    above: int = 0

    @classmethod
    def of(cls, users: list[int], points: list[dict[str, Any]], names: list[str]) -> Self:
        """Return the scales for points with a `rate`, and for lines with these names at their ends."""
        rates = [point.get(end) or 0.0 for point in points for end in ("rate", "fastest")]
        return cls(users, max(rates, default=0.0) or 1.0, max(HEIGHT, labels.height(names)))

    @property
    def height(self) -> int:
        """The height in pixels."""
        return self.above + self.lines

    @property
    def ends(self) -> tuple[float, float]:
        """The users at the left and at the right edge."""
        first, last = self.users[0], self.users[-1]
        room = max(1.02, (last / first) ** 0.03)
        return first / room, last * room

    def across(self, users: float) -> float:
        """Return where on the axis a number of users is, from 0 to 1."""
        low, high = self.ends
        return log(users / low) / log(high / low)

    def rate(self, pixel: float) -> float:
        """Return the throughput at a distance from the top."""
        return self.most * (self.height - pixel) / (self.lines - HEAD)

    def pixel(self, rate: float) -> float:
        """Return the distance of a throughput from the top."""
        return self.height - rate / self.most * (self.lines - HEAD)

    def row(self, number: int) -> float:
        """Return the throughput beside which a row of labels of knees stands; the lowest is row 0."""
        return self.rate(self.above - knees.ROW * (number + 0.5))

    @property
    def frame(self) -> labels.Frame:
        """The part with the lines."""
        return labels.Frame(self.above, self.height, self.rate, self.ends[1])

    def x(self) -> alt.X:
        """Return the axis of users."""
        x = alt.X("users:Q", title="users (log scale)").axis(format="d", grid=False, values=self.users)
        return x.scale(domain=[*self.ends], nice=False, type="log")

    def y(self) -> alt.Y:
        """Return the axis of throughput, with figures beside the lines only."""
        y = alt.Y("rate:Q", title="throughput, requests/s")
        y = y.axis(domain=False, format=",~f", ticks=False, values=ticks(self.most))
        return y.scale(domain=[0, self.rate(0)], nice=False)


def ticks(most: float) -> list[float]:
    """Return at most six round values from 0 to `most`."""
    power = 10.0 ** floor(log10(most))
    step = next(base * power for base in (0.2, 0.5, 1, 2) if most < 6 * base * power)
    return [step * number for number in range(floor(most / step) + 1)]


def _ends(
    names: list[str], measured: list[dict[str, Any]], lines: list[dict[str, Any]], plot: Plot
) -> list[labels.End]:
    """Return where the lines end: at the most users, measured or else predicted, or where measuring ended."""
    found = []
    for name in names:
        marked, foretold = ([each for each in points if each["service"] == name] for points in (measured, lines))
        if last := max([*foretold[-1:], *marked[-1:]], key=lambda each: (each["users"], "holds" in each), default=None):
            at, rate = last["users"], last["rate"]
            ink, pixel = colour_of(names, name), plot.pixel(rate)
            found.append(labels.End(name, ink, at, rate, pixel, last.get("holds", True)))
    return found


def _mark(row: Row, stretch: int) -> dict[str, Any]:
    rates = [throughput(each) for each in row.windows]
    return {
        "service": row.service,
        "users": row.load.amount,
        "rate": round(row.throughput, 3),
        "slowest": round(min(rates), 3),
        "fastest": round(max(rates), 3),
        "predicted": f"{row.predicted.throughput:.1f}" if row.predicted else "unknown",
        "bound": row.bound,
        "holds": row.holds,
        "stretch": stretch,
        "doubts": "; ".join(row.doubts) or "no",
    }


def _path(measured: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield points that join the conclusive marks of a service, straight on a linear axis of users.

    A line that is straight on the logarithmic axis would claim more throughput between two marks than the prediction.
    """
    held = [each for each in measured if each["holds"]]
    for one, other in pairwise(held):
        if (one["service"], one["stretch"]) == (other["service"], other["stretch"]):
            few, many = one["users"], other["users"]
            for part in range(PARTS + 1):
                users = few * (many / few) ** (part / PARTS)
                rate = one["rate"] + (other["rate"] - one["rate"]) * (users - few) / (many - few)
                yield {"service": one["service"], "stretch": one["stretch"], "users": users, "rate": round(rate, 3)}


def _line(service: str, demand: Demand, loads: list[Closed]) -> list[dict[str, Any]]:
    """Return predicted points from the fewest to the most users."""
    users, think = [load.users for load in loads], loads[0].think
    low, high = log10(users[0]), log10(users[-1])
    steps = {round(10 ** (low + (high - low) * step / POINTS)) for step in range(POINTS + 1)}
    bend = loads[0].knee(demand)
    within = users[0] < bend <= users[-1]
    cliff = {max(users[0], round(bend) - 1), round(bend)} if within else set()  # that of a deadlock
    asked = sorted(steps | set(users) | cliff)
    foretold = [(count, Closed(count, think).predict(demand).throughput) for count in asked]
    return [{"service": service, "users": count, "rate": round(rate, 3)} for count, rate in foretold]


def _knee(contender: Contender, loads: list[Closed]) -> knees.Knee | None:
    """Return a service's knee or its last load before a deadlock, or None if outside the chart."""
    demand, think = contender.demand, loads[0].think
    if demand is None or not isfinite(bend := loads[0].knee(demand)) or not loads[0].users <= bend <= loads[-1].users:
        return None
    if rate := Closed(round(bend), think).predict(demand).throughput:
        return knees.Knee(contender.name, bend, rate)
    before = Closed(round(bend) - 1, think).predict(demand).throughput if bend > 1 else 0.0
    return knees.Knee(contender.name, bend - 1, before, "deadlock above") if before else None


def _table(table: list[Row]) -> Table:
    rows = []
    for row in table:
        predicted = f"{row.predicted.throughput:.1f}" if row.predicted else "unknown"
        if not row.windows:
            rows.append([row.service, str(row.load.amount), predicted, "not run", "", "", "saturated at fewer users"])
            continue
        spread = f"±{row.spread:.1f}" if len(row.windows) > 1 else "one repeat"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        bound = "inconclusive" if row.doubts else row.bound
        rows.append([row.service, str(row.load.amount), predicted, f"{row.throughput:.1f}", spread, ratio, bound])
    rates = [f"{rate}, requests/s" for rate in ("predicted", "measured", "spread")]
    return Table(["service", "users", *rates, "measured / predicted", "bound by"], rows)
