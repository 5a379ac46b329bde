"""The third picture: the first requests of a step over time, one row per user."""

from math import ceil, inf
from typing import Any, NamedTuple

import altair as alt

from loadtest.english import listed_or_counted
from loadtest.results.exchange import Exchange
from loadtest.results.schema import Contender, Results
from loadtest.verdict.aggregate import Row
from loadtest.verdict.time_spent import Divider, names, taken
from loadtest.workload import Load
from loadtest.workload.demand import CPU, DEADLOCK, SLOTS, Demand
from loadtest.workload.open import Open
from loadtest.workload.scenarios import computes

from .kinds import COLOURS, KINDS, WORKING, key
from .latency import loads
from .picture import STEP, WIDTHS, Choice, Datasets, Figure, Picture, Table, by_step
from .theme import BROKEN, INK, MUTED, PAPER
from .users import User, end, some, users
from .workers import Worker, workers

MOST, FEWEST = 100, 12
"""Rows per step and service: the most, and the fewest if a page has many services and steps."""

ROOM = (800, 400)
"""Rows in all steps of a page, and in one step of all services; one takes about 500 bytes."""

FEW, TALL, LOW = 4, 160, 120
"""Up to FEW services have charts TALL pixels high, two side by side; more have LOW ones, three side by side."""

SEEN = 0.003
"""The shortest part of a request that is drawn, as a share of the time axis: about a pixel."""

LOOSE = 40
"""Rows up to which there is a gap between two; more overlap a little, which hides the seams."""

SHORT, NONE = 0.1, 0.01
"""Share of time spent waiting for a worker or a connection: up to SHORT nearly all requests are served at once, up to
NONE all are: the time until the service receives a request includes the network."""

NEARLY_ALL = 1e9
"""The place of a service that serves nearly all requests at once: after all, before any number of slots."""

NEXT = " A thin gap: the user's next request."

CROSS = "M-1,-1L1,1M1,-1L-1,1"
"""The mark of a failed request, as a path."""

UNKNOWN, FAILED = "unknown", "failed"
"""Keys of what is drawn besides the kinds of time."""


def picture(results: Results, table: list[Row], shown: Load) -> Picture | None:
    """Return the picture of the first requests, drawn first for the load `shown`; None if no service reported times."""
    run = [row for row in table if any(exchange.timed for exchange in row.first)]
    if not run:
        return None
    scenario = results.options.scenario
    known = {each.name: each for each in results.contenders if any(row.service == each.name for row in run)}
    most = max(FEWEST, min(MOST, ROOM[0] // len(run), ROOM[1] // len(known)))
    dividers = {name: Divider(contender, results.options) for name, contender in known.items()}
    titles = {load: title(load, taken(scenario), run, known, dividers) for load in loads(run)}
    if shown not in titles:
        shown = [*titles][-1]
    ends = {load: round(end([row for row in run if row.load == load]), 3) for load in titles}
    charts = {
        name: Chart([row for row in run if row.service == name], dividers[name], ends, shown, most) for name in known
    }
    seen = {kind for each in charts.values() for kind in each.seen}
    abreast = 2 if len(known) <= FEW else 3
    return Picture(
        name="swimlane",
        title=titles[shown],
        caption=_caption(run, shown) + (f" {WORKING}" if computes(scenario) else ""),
        figures=[
            Figure(
                charts[name].drawn(names(scenario), TALL if len(known) <= FEW else LOW),
                f"First requests to {name}, as bars over time.",
                heading=f"{name}: {contender.made_of}",
                width=WIDTHS[abreast if len(known) > 1 else 1],
            )
            for name, contender in known.items()
        ],
        table=_table(run, taken(scenario), known, dividers),
        choices=[Choice(load, says) for load, says in titles.items()],
        shown=shown,
        key={**key(scenario, seen), **{each: each for each in (UNKNOWN, FAILED) if each in seen}},
        abreast=abreast,
    )


def _caption(run: list[Row], load: Load) -> str:
    if isinstance(load, Open):
        return f"One row per arrival, in the order of sending: the first {MOST} at most, which find the service empty."
    by_user = _by_user(run)
    return (
        f"One row per {'user' if by_user else 'request'}, sorted by the first answer: at most the first {MOST} to send "
        "once all users have started. They start one after the other, so a block, which is served at the same time, is "
        f"slanted. Steps: taking turns.{NEXT if by_user else ''}"
    )


def _by_user(rows: list[Row]) -> bool:
    """Return True if it is on record which user sent which request."""
    return all(each.user is not None for row in rows for each in row.first)


def queued(row: Row, divider: Divider) -> float | None:
    """Return the share of time that the first requests waited for a worker or a connection; None without times."""
    told = [parts for exchange in row.first if (parts := divider.of(exchange))]
    total = sum(parts.total for parts in told)
    return sum(parts.worker for parts in told) / total if total else None


def title(load: Load, what: str, run: list[Row], known: dict[str, Contender], dividers: dict[str, Divider]) -> str:
    """Return the title for one load: how many requests each service serves at a time, from conclusive steps only.

    `what`: what requests wait for otherwise.
    """
    found: dict[str, list[str]] = {}
    ranks: dict[str, float] = {}
    for row in run:
        share = queued(row, dividers[row.service])
        if row.load == load and row.holds and share is not None:
            at_a_time, says = _at_a_time(row, share, known[row.service].demand, what)
            found.setdefault(says, []).append(row.service)
            ranks[says] = at_a_time
    at = f"First requests at {load.label}: "
    if not found:
        return f"{at}no step is conclusive"
    if len(found) == 1 and len(next(iter(found.values()))) == len(known) > 1:
        return f"{at}{next(iter(found))} on every service"
    return at + "; ".join(
        f"{listed_or_counted(found[says], 'service')} {says}" for says in sorted(found, key=lambda each: -ranks[each])
    )


def _at_a_time(row: Row, share: float, demand: Demand | None, what: str) -> tuple[float, str]:
    """Return how many requests a service serves at a time, for sorting and in words.

    A number is said only where the throughput shows that this many slots, or connections, limit it.
    """
    if row.bound == DEADLOCK:
        return -1, "deadlocked"
    one_by_one = isinstance(row.load, Open) or row.load.amount == 1
    at_once = "at once" if one_by_one else "all at once"
    if share <= NONE:
        return inf, at_once
    limits = demand.limits if demand else ()
    limit = next((each for each in limits if each.name == row.bound != CPU), None)
    if limit is not None and not one_by_one:
        return limit.capacity, f"{limit.capacity} at a time" + ("" if limit.name == SLOTS else f" ({limit.name})")
    if share <= SHORT:
        return NEARLY_ALL, f"nearly {at_once}"
    return -share, f"waiting for {what} for {share:.0%} of the time"


class Chart:
    """The chart of one service at every load; only the chosen step is drawn.

    `ends`: the end of the time axis in seconds, by load, the same for all services. `shown`: the load that is drawn
    first. `most`: the largest number of rows of a step.
    """

    def __init__(self, rows: list[Row], divider: Divider, ends: dict[Load, float], shown: Load, most: int) -> None:
        self._ends, self._shown = ends, shown
        self._by_user = _by_user(rows)
        self._bars: list[dict[str, Any]] = []
        self._steps: list[dict[str, Any]] = []
        for row in rows:
            everyone = users(row)
            drawn = some(everyone, most)
            thick = 0.85 if len(everyone) <= LOOSE else 1.15
            for user, below in zip(drawn, [*(each.place for each in drawn[1:]), len(everyone)], strict=True):
                edge = min(len(everyone), user.place + thick * (below - user.place))
                lane = _Lane(row.load.amount, user.place, edge)
                self._bars += lane.bars(user, divider, ends[row.load])
            says = "" if row.holds else "(inconclusive)"
            self._steps.append({"amount": row.load.amount, "rows": len(everyone), "says": says, "holds": row.holds})
        measured = {row.load for row in rows}
        for load in (each for each in ends if each not in measured):
            rows_of_others = min(MOST, ceil(load.amount))
            self._steps.append({"amount": load.amount, "rows": rows_of_others, "says": "not measured at this load"})
        self.seen = {bar["kind"] for bar in self._bars}
        """The kinds of time that are drawn, UNKNOWN and FAILED included."""

    def drawn(self, labels: Any, height: int) -> alt.LayerChart:
        """Return the chart, `height` pixels high."""
        ends = {load.amount: end for load, end in self._ends.items()}
        until = alt.ExprRef(by_step(ends))
        counts = alt.ExprRef(by_step({step["amount"]: step["rows"] for step in self._steps}))
        unit = "users" if self._by_user else "requests"
        x = alt.X("begin:Q", title="time, s").scale(domain=[0, until], nice=False).axis(tickCount=5, grid=False)
        y = alt.Y("row:Q", title=unit).scale(domain=[0, counts], nice=False, reverse=True)
        y = y.axis(tickCount=2, tickMinStep=1, format="d", grid=False)

        datasets = Datasets()
        chosen = alt.Chart(datasets.add(self._bars)).transform_filter(f"datum.amount == {STEP}")
        steps = alt.Chart(datasets.add(self._steps)).transform_filter(f"datum.amount == {STEP}")
        layers: list[Any] = []
        for kind in (*KINDS, UNKNOWN):
            style = {"fill": COLOURS[kind]} if kind in COLOURS else {"filled": False, "stroke": MUTED}
            bars = chosen.transform_filter(f"datum.kind == '{kind}'").transform_calculate(
                ms="isValid(datum.ms) ? datum.ms : round((datum.end - datum.begin) * 1e4) / 10"
            )
            rectangles = bars.mark_rect(aria=False, **style)
            tooltip = [alt.Tooltip("ms:Q", title=f"{labels.get(kind, 'time')}, ms")]
            layers.append(rectangles.encode(x=x, x2="end:Q", y=y, y2="to:Q", tooltip=tooltip))
        next_one = chosen.transform_filter("datum.next").mark_rule(color=PAPER, strokeWidth=1, aria=False)
        failed = chosen.transform_filter(f"datum.kind == '{FAILED}'")
        middle = failed.transform_calculate(row="(datum.row + datum.to) / 2")
        crosses = middle.mark_point(shape=CROSS, size=12, stroke=INK, strokeWidth=1.2, aria=False)
        doubt = steps.mark_text(align="right", baseline="bottom", dy=-3)
        frame = steps.transform_filter("datum.holds === false").mark_rect(
            filled=False, stroke=INK, strokeDash=BROKEN, aria=False
        )
        layers += [
            frame.encode(x=alt.value(0), x2=alt.value("width"), y=alt.value(0), y2=alt.value(height)),
            next_one.encode(x=x, y=y, y2="to:Q"),
            crosses.encode(x=x, y=y, tooltip=[alt.Tooltip("status:N")]),
            doubt.encode(x=alt.value("width"), y=alt.value(0), text="says:N"),
        ]
        step = alt.param(name=STEP, value=self._shown.amount)
        return datasets.chart(layers).add_params(step).properties(height=height)


class _Lane(NamedTuple):
    """The place of a row: the amount of its step, its upper edge and its lower one."""

    amount: float
    row: int
    to: float

    def bars(self, user: User, divider: Divider, until: float) -> list[dict[str, Any]]:
        """Return the parts of the requests of one user that begin before `until` and are long enough to be seen."""
        found: list[dict[str, Any]] = []
        about = {"amount": self.amount, "row": self.row, "to": round(self.to, 2)}
        for place, exchange in enumerate(user.requests):
            first = place == 0
            for kind, begin, over in _parts(exchange, divider, until):
                if begin < until and over - begin >= SEEN * until:
                    bar = {**about, "kind": kind, "begin": round(begin, 4), "end": round(min(over, until), 4)}
                    if over > until:
                        bar["ms"] = round((over - begin) * 1000, 1)
                    found.append(bar if first else {**bar, "next": True})
                    first = True
            if exchange.ended is not None and exchange.status != 200 and exchange.ended <= until:
                found.append({**about, "kind": FAILED, "begin": round(exchange.ended, 4), "status": exchange.status})
        return found


def _parts(exchange: Exchange, divider: Divider, until: float) -> list[tuple[str, float, float]]:
    """Return the kind, the begin and the end of each part; an unanswered request lasts until the end of the picture."""
    parts = divider.of(exchange)
    if parts is None:
        return [(UNKNOWN, exchange.sent, until if exchange.ended is None else exchange.ended)]
    begin, found = exchange.sent, []
    for kind, seconds in zip(KINDS, parts, strict=True):
        found.append((kind, begin, begin + seconds))
        begin += seconds
    return found


def _table(run: list[Row], what: str, known: dict[str, Contender], dividers: dict[str, Divider]) -> Table:
    rows = []
    for row in run:
        step = [row.service, str(row.load.amount)]
        share = queued(row, dividers[row.service])
        for worker in workers(row.first, known[row.service]):
            failed = sum(each.ended is not None and each.status != 200 for each in worker.requests)
            rows.append([*step, worker.name, str(len(worker.requests)), str(failed), *_range(worker)])
        if share is not None:
            rows.append([*step, f"all: {share:.0%} of their time waiting for {what}", "", "", "", "", ""])
    times = ["first start, s", "last end, s", "most at once"]
    return Table(["service", run[0].load.unit, "served by", "requests", "failed", *times], rows)


def _range(worker: Worker) -> list[str]:
    told = [exchange for exchange in worker.requests if exchange.timed]
    if not told:
        return ["", "", ""]
    first, last = min(each.began for each in told), max(each.ended or 0.0 for each in told)
    at_once = max(sum(other.began <= one.began < (other.ended or 0.0) for other in told) for one in told)
    return [f"{first:.2f}", f"{last:.2f}", str(at_once)]
