"""The third picture: the first requests of a step over time, grouped by the worker that served them."""

from itertools import pairwise
from typing import Any

import altair as alt

from loadtest.english import listed
from loadtest.results.exchange import Exchange
from loadtest.results.schema import Contender, Results
from loadtest.verdict.aggregate import Row
from loadtest.verdict.time_spent import Divider
from loadtest.workload import Load
from loadtest.workload.demand import DEADLOCK
from loadtest.workload.open import Open
from loadtest.workload.scenarios import computes

from .latency import loads
from .picture import STEP, Choice, Datasets, Figure, Picture, Table
from .theme import FAINT, INK, MUTED, PARTS, STROKES, WORKING, fill
from .workers import Worker, workers

LABEL_ROWS = 4
"""Rows that a worker's name takes."""

ROW = 4
"""Height in pixels of a row, which holds one request."""

MOST, FEWEST = 100, 10
"""Requests drawn per step and service: the most, and the fewest if a page has many services and steps."""

ROOM = (1600, 400)
"""Requests drawn in all steps of a page, and in one step of all services; one takes about 100 bytes."""

LONG, SHORT, NONE = 0.5, 0.1, 0.01
"""Share of time spent queueing: from LONG on the bars form a staircase, up to SHORT a stack. Up to NONE nothing queued:
the time until the service receives a request includes the network."""

WORKING_SHORTLY = "Work is often too short to be seen."


def picture(results: Results, table: list[Row], shown: Load) -> Picture | None:
    """Return the picture of the first requests, drawn first for the load `shown`; None if no service reported times."""
    run = [row for row in table if any(exchange.timed for exchange in row.first)]
    if not run:
        return None
    known = {each.name: each for each in results.contenders if any(row.service == each.name for row in run)}
    most = max(FEWEST, min(MOST, ROOM[0] // len(run), ROOM[1] // len(known)))
    works = computes(results.options.scenario)
    dividers = {name: Divider(contender, results.options) for name, contender in known.items()}
    titles = {load: title(load, run, dividers, works=works) for load in loads(run)}
    if shown not in titles:
        shown = [*titles][-1]
    ends = {load: max(_end(row, most) for row in run if row.load == load) for load in titles}
    return Picture(
        name="swimlane",
        title=titles[shown],
        caption=f"Each bar is one request. At most {most} per service are drawn: {_first(shown)} Bars are grouped by "
        f"the process that served them; faint lines separate threads. {_shapes(shown, works=works)} "
        f"{WORKING if works else WORKING_SHORTLY} Dark outline: failed. Empty bar: it is unknown when the request "
        "queued and when it waited.",
        figures=[
            Figure(
                chart([row for row in run if row.service == name], contender, dividers[name], ends, (shown, most)),
                f"First requests to {name}, as bars over time.",
                heading=f"{name}: {contender.made_of}",
            )
            for name, contender in known.items()
        ],
        table=_table(run, known, dividers),
        choices=[Choice(load, says) for load, says in titles.items()],
        shown=shown,
        parts=PARTS,
    )


def _first(load: Load) -> str:
    if isinstance(load, Open):
        return "the first ones of the first repeat, which found the service empty."
    return "the first ones sent after all users of the first repeat had started."


def _shapes(load: Load, *, works: bool) -> str:
    if isinstance(load, Open):
        return "A bar begins when its request was sent. If queues grow from bar to bar, more arrive than are served."
    return f"A staircase means that requests queue, a stack that they {'run' if works else 'wait'} at the same time."


def queued(row: Row, divider: Divider) -> float | None:
    """Return the share of time that the first requests of a step spent queueing, or None if no times were reported."""
    told = [parts for exchange in row.first if (parts := divider.of(exchange))]
    total = sum(parts.total for parts in told)
    return sum(parts.queue + parts.pool for parts in told) / total if total else None


def title(load: Load, run: list[Row], dividers: dict[str, Divider], *, works: bool) -> str:
    """Return the title for one load: which services queue, from conclusive steps only."""
    arrive = isinstance(load, Open)  # one by one, whatever the queue
    at_once = "all running at once" if works else "all waiting at once"
    shares = {
        row.service: share
        for row in run
        if row.load == load and row.holds and (share := queued(row, dividers[row.service])) is not None
    }
    locked = [row.service for row in run if row.load == load and row.holds and row.bound == DEADLOCK]
    stairs = [name for name, share in shares.items() if share >= LONG and name not in locked]
    stack = [name for name, share in shares.items() if share <= NONE and name not in locked]
    hardly = [name for name, share in shares.items() if NONE < share <= SHORT and name not in locked]
    between = [name for name in shares if name not in stairs + hardly + stack + locked]
    at = f"First requests at {load.label}: "
    if not shares:
        return f"{at}no step is conclusive"
    if stack and not (locked or stairs or between or hardly):
        return f"{at}no queueing" if arrive else f"{at}no queueing, {at_once}"
    told = (
        (locked, "deadlock on {}"),
        (stairs, "mostly queueing on {}" if arrive else "mostly queueing on {} (staircase)"),
        (between, "some queueing on {}"),
        (hardly, "little queueing on {}"),
        (stack, "no queueing on {}" if arrive else f"{at_once} on {{}} (stack)"),
    )
    return at + "; ".join(says.format(listed(names)) for names, says in told if names)


def chart(
    rows: list[Row], contender: Contender, divider: Divider, ends: dict[Load, float], shown: tuple[Load, int]
) -> alt.LayerChart:
    """Return the bars of one service at every load; only the chosen step is drawn.

    `ends`: the end of the time axis in seconds, by load, the same for all services. `shown`: the load that is drawn
    first, and the number of requests per step.
    """
    bars: list[dict[str, Any]] = []
    names: list[dict[str, Any]] = []
    for row in rows:
        amount, place = row.load.amount, 0
        for worker in workers(row.first[: shown[1]], contender):
            name = worker.name if row.holds else f"{worker.name} (inconclusive)"
            names += [{"amount": amount, "row": place + n, "name": "" if n else name} for n in range(LABEL_ROWS)]
            place += LABEL_ROWS
            for thread in worker.threads:
                if len(worker.threads) > 1:
                    names.append({"amount": amount, "row": place, "name": "", "thread": True})
                for exchange in thread:
                    bars.append({"amount": amount, "row": place, **_bar(exchange, divider, ends[row.load])})
                    place += 1
    until = alt.ExprRef(f"{{{', '.join(f'{load.amount}: {end}' for load, end in ends.items())}}}[{STEP}]")
    y = alt.Y("row:O", axis=None)

    datasets = Datasets()
    drawn = alt.Chart(datasets.add(bars)).transform_filter(f"datum.amount == {STEP}")
    named = alt.Chart(datasets.add(names)).transform_filter(f"datum.amount == {STEP}")
    told = drawn.transform_filter("isValid(datum.began)").transform_calculate(
        queue="round((datum.began - datum.sent) * 1e4) / 10",
        pool="round((datum.served - datum.began) * 1e4) / 10",
        wait="round((datum.until - datum.served) * 1e4) / 10",
        work="round((datum.ended - datum.until) * 1e4) / 10",
    )
    tooltip = [*(alt.Tooltip(f"{part}:Q", title=f"{part}, ms") for part in PARTS), alt.Tooltip("status:N")]

    def bar(of: alt.Chart, begin: str, end: str, **style: Any) -> alt.Chart:
        x = alt.X(f"{begin}:Q", title="time, s").scale(domain=[0, until], nice=False).axis(tickCount=6)
        marked: alt.Chart = of.mark_bar(height=alt.RelativeBandSize(band=0.8), aria=False, **style)
        return marked.encode(x=x, x2=alt.X2(end), y=y)

    parts = zip(PARTS, pairwise(("sent", "began", "served", "until", "ended")), strict=True)
    layers = [
        named.transform_filter("datum.name").mark_rule(color=MUTED, strokeWidth=0.7, aria=False).encode(y=y),
        named.transform_filter("datum.thread").mark_rule(color=FAINT, strokeWidth=0.7, aria=False).encode(y=y),
        bar(drawn.transform_filter("!isValid(datum.began)"), "sent", "ended", filled=False, stroke=MUTED),
        *(
            bar(
                told.transform_filter(f"datum.{begin} < datum.{end}"),
                begin,
                end,
                fill=fill(part),
                stroke=STROKES[part],
                strokeWidth=0.4,
            ).encode(tooltip=tooltip)
            for part, (begin, end) in parts
        ),
        bar(told.transform_filter("datum.status != 200"), "sent", "ended", filled=False, stroke=INK, strokeWidth=1.2),
        named.mark_text(align="left", baseline="top", color=MUTED, dy=1).encode(x=alt.XDatum(0), y=y, text="name:N"),
    ]
    step = alt.param(name=STEP, value=shown[0].amount)
    return datasets.chart(layers).add_params(step).properties(height=alt.Step(ROW))


def _bar(exchange: Exchange, divider: Divider, until: float) -> dict[str, Any]:
    """Return the start of each known part of a request in seconds; an unanswered request lasts until `until`."""
    sent, ended = round(exchange.sent, 4), until if exchange.ended is None else round(exchange.ended, 4)
    parts = divider.of(exchange)
    if parts is None:
        return {"sent": sent, "ended": ended}
    began = exchange.sent + parts.queue
    served = began + parts.pool
    return {
        "sent": sent,
        "began": round(began, 4),
        "served": round(served, 4),
        "until": round(served + parts.wait, 4),
        "ended": ended,
        "status": exchange.status,
    }


def _end(row: Row, most: int) -> float:
    """Return the second when the last drawn request ended, or was sent if it has no answer."""
    return round(max((each.ended or each.sent for each in row.first[:most]), default=0.0), 3)


def _table(run: list[Row], known: dict[str, Contender], dividers: dict[str, Divider]) -> Table:
    rows = []
    for row in run:
        step = [row.service, str(row.load.amount)]
        share = queued(row, dividers[row.service])
        for worker in workers(row.first, known[row.service]):
            failed = sum(each.ended is not None and each.status != 200 for each in worker.requests)
            rows.append([*step, worker.name, str(len(worker.requests)), str(failed), *_range(worker)])
        if share is not None:
            rows.append([*step, f"all: {share:.0%} of their time queueing", "", "", "", "", ""])
    times = ["first start, s", "last end, s", "most at once"]
    return Table(["service", run[0].load.unit, "served by", "requests", "failed", *times], rows)


def _range(worker: Worker) -> list[str]:
    told = [exchange for exchange in worker.requests if exchange.timed]
    if not told:
        return ["", "", ""]
    first, last = min(each.began for each in told), max(each.ended or 0.0 for each in told)
    at_once = max(sum(other.began <= one.began < (other.ended or 0.0) for other in told) for one in told)
    return [f"{first:.2f}", f"{last:.2f}", str(at_once)]
