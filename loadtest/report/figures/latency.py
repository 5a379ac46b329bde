"""The second picture: percentiles of latency, at a load that the reader chooses."""

from math import inf

from loadtest.english import duration, listed_or_counted
from loadtest.results.schema import Results
from loadtest.verdict.aggregate import Row
from loadtest.verdict.alike import ALIKE
from loadtest.verdict.backlog import diverges
from loadtest.verdict.format import beyond
from loadtest.workload import Load
from loadtest.workload.demand import STANDSTILL
from loadtest.workload.open import Open

from .arrivals import diverging, left_out, steady, unserved
from .percentiles import RANKS, chart, predicted, rank_name
from .picture import Choice, Figure, Picture, Table
from .theme import unsure

UNLIKE = 0.1
"""Difference, as a share of the smaller time, above which a title reports two times as different."""


def picture(results: Results, table: list[Row], shown: Load) -> Picture | None:
    """Return the picture of the latency of all services, drawn first for the load `shown`; None if all rows diverge."""
    run = [row for row in steady(table) if row.windows]
    if not run:
        return None
    titles = {load: title(load, table) for load in loads(run)}
    if shown not in titles:
        shown = [*titles][-1]
    return Picture(
        name="latency",
        title=titles[shown],
        caption=f"{_counted(shown)}{unsure(run)}{left_out(table)}",
        figures=[Figure(chart(results, run, shown), "Percentiles of latency, a line for each service.")],
        table=_table(run),
        choices=[Choice(load, says) for load, says in titles.items()],
        shown=shown,
        key=_key(run, shown),
    )


def _key(run: list[Row], load: Load) -> dict[str, str]:
    """Return the names of the marks."""
    expected = "predicted p50 and p99" if isinstance(load, Open) else "predicted mean"
    marks = {"p50": "p50, the median", "p90": "p90", "p99": "p99", "slowest": "up to the slowest"}
    return {**marks, **({"predicted": expected} if any(map(predicted, run)) else {})}


def _counted(load: Load) -> str:
    """Return which requests are counted, and from when on."""
    if isinstance(load, Open):
        return (
            "Latency of all arrivals from the intended start; those that were not served count as slower than others."
        )
    return "Latency of all requests, answered or failed. Each user waits for an answer before the next request."


def loads(run: list[Row]) -> list[Load]:
    """Return the loads of the rows, smallest first."""
    return sorted({row.load for row in run}, key=lambda load: load.amount)


def title(load: Load, table: list[Row]) -> str:
    """Return the slowest and fastest median latency, or the means if only these differ; then who has none."""
    held = [row for row in steady(table) if row.load == load and row.holds and row.bound not in STANDSTILL]
    halves = {row.service: half for row in held if (half := row.percentile(0.5))}
    others = [*(unserved(row) for row in held if halves.get(row.service) == inf), *diverging(table, load)]
    served = {name: half for name, half in halves.items() if half < inf}
    means = {row.service: row.mean for row in held if row.service in served and not row.lost}
    told = [_medians(served, means, whole={row.service for row in table} == {*served})] if served else []
    if not halves:
        told = ["no conclusive step has a median latency"]
    return f"At {load.label} {'; '.join([*told, *others])}"


def _medians(halves: dict[str, float], means: dict[str, float], *, whole: bool) -> str:
    """Return how the median latencies compare.

    `means`: the mean latencies of the services that served every request. `whole`: True if these are all services.
    """
    if len(means) == len(halves) and not _differ(halves) and _differ(means):
        fastest, slowest = _ends(means)
        of = f"the medians are alike, but mean latency is {duration(means[slowest])} on {slowest}"
        return f"{of}, {duration(means[fastest])} on {fastest}"
    fastest, slowest = _ends(halves)
    if len(halves) == 1:
        return f"median latency is {duration(halves[fastest])} on {fastest}"
    if not _differ(halves):
        where = "every service" if whole else listed_or_counted([*halves], "service")
        return f"median latency is about the same on {where}: {_range([*halves.values()])}"
    as_fast = {name: half for name, half in halves.items() if half <= (1 + ALIKE) * halves[fastest]}
    return (
        f"median latency is {duration(halves[slowest])} on {slowest}, "
        f"{_range([*as_fast.values()])} on {listed_or_counted([*as_fast], 'service')}"
    )


def _range(times: list[float]) -> str:
    """Return the range of times in milliseconds, such as `251 to 252 ms`, or one time if both ends look the same."""
    low, high = duration(min(times)), duration(max(times))
    figure, unit = low.split()
    return high if low == high else f"{figure if high.endswith(f' {unit}') else low} to {high}"


def _ends(times: dict[str, float]) -> tuple[str, str]:
    return min(times, key=times.__getitem__), max(times, key=times.__getitem__)


def _differ(times: dict[str, float]) -> bool:
    fastest, slowest = _ends(times)
    return times[slowest] > (1 + UNLIKE) * times[fastest]


def cell(row: Row, milliseconds: float | None) -> str:
    """Return a percentile for a table: a time, or why it has no figure."""
    if diverges(row):
        return "diverges"
    if milliseconds is None:
        return "too few"
    if isinstance(row.load, Open) and milliseconds == inf:
        return beyond(row.load)
    return duration(milliseconds)


def _table(run: list[Row]) -> Table:
    counts = ["requests", "failed", "resent", "reconnected"]
    head = ["service", run[0].load.unit, *counts, *map(rank_name, RANKS), "conclusive"]
    rows = [
        [
            *(row.service, str(row.load.amount), str(row.requests), str(row.failures)),
            *("-" if times is None else str(times) for times in (row.resent, row.reconnected)),
            *(cell(row, row.percentile(rank)) for rank in RANKS),
            "no" if row.doubts else "yes",
        ]
        for row in run
    ]
    return Table(head, rows)
