"""Cumulative distributions of latency: lines of the share of requests that ended within a time."""

from typing import Any

import altair as alt

from loadtest.verdict.aggregate import Row
from loadtest.workload import Load
from loadtest.workload.open import Open

from .picture import STEP, data
from .theme import MUTED, colour

POINTS = 30
"""Points of a line."""


def axis(load: Load) -> str:
    """Return the title of the axis of shares."""
    return "share of arrivals served" if isinstance(load, Open) else "share of requests ended"


def lines(points: list[dict[str, Any]], names: list[str], share: str) -> alt.Chart:
    """Return the lines of the chosen step; `points` come from `line`. `share`: the title of the axis."""
    x = alt.X("ms:Q", title="latency, ms (log scale)")
    chosen = alt.Chart(data(points)).transform_filter(f"datum.amount == {STEP}")
    drawn: alt.Chart = chosen.mark_line(interpolate="step-after")
    return drawn.encode(
        x=x.scale(nice=False, padding=12, type="log").axis(format="~g", tickCount=4),
        y=alt.Y("share:Q", title=share).axis(format="%", values=[0, 0.5, 0.9, 1]),
        color=colour(names),
        strokeWidth=alt.condition("datum.holds", alt.value(2.5), alt.value(1)),
        tooltip=["service:N", alt.Tooltip("ms:Q", title="ms"), alt.Tooltip("share:Q", title="share", format=".1%")],
    )


def shares() -> alt.Chart:
    """Return horizontal rules at 50% and 90% of the requests."""
    drawn: alt.Chart = alt.Chart(data([{"share": 0.5}, {"share": 0.9}])).mark_rule(color=MUTED, strokeWidth=0.7)
    return drawn.encode(y=alt.Y("share:Q"))


def line(row: Row, about_so_many: int = POINTS) -> list[dict[str, Any]]:
    """Return the cumulative distribution in about `about_so_many` points, with its first and last request.

    Arrivals that were not served count as slower than all others, and have no point.
    """
    served = sum(row.latency.values())
    total = served + row.lost
    about = {"service": row.service, "amount": row.load.amount, "holds": row.holds}
    points: list[dict[str, Any]] = []
    seen = 0
    for ms, count in sorted(row.latency.items()):
        if not points:
            points.append({**about, "ms": ms, "share": 0})
        seen += count
        if seen == served or seen / total >= points[-1]["share"] + 1 / about_so_many:
            points.append({**about, "ms": ms, "share": round(seen / total, 4)})
    return points
