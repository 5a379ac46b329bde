"""What a run says, in sentences for a newcomer. Each rests on rows that hold; the rest is named as inconclusive."""

from itertools import groupby

from .judge import KEEPS_UP
from .model import Load, knee
from .results import Contender, Results
from .rows import Row, rows

ALIKE = 0.05
"""Difference, as a share of the larger figure, below which two throughputs are called the same."""


def verdict(results: Results) -> list[str]:
    """The sentences, the most important first: at few users, where each stops keeping up, at many users, the price."""
    table = rows(results)
    sentences = [*_few(table)]
    for contender in results.contenders:
        sentences += _keeping_up(contender, [row for row in table if row.service == contender.name], results)
    sentences += _many(table)
    sentences += _price(table)
    sentences += _doubtful(table)
    if not results.complete:
        why = f"failed: {results.failure}" if results.failure else "was interrupted."
        sentences.append(f"The run {why} This is what had been measured until then.")
    return sentences


def conclusive(results: Results) -> bool:
    """Whether the run is complete and every row that was measured holds."""
    table = rows(results)
    return results.complete and bool(table) and all(row.holds for row in table if row.windows)


def _few(table: list[Row]) -> list[str]:
    fewest = min((row.users for row in table), default=0)
    held = [row for row in table if row.users == fewest and row.holds]
    if len(held) < 2:
        return []
    slowest, fastest = min(held, key=_rate), max(held, key=_rate)
    who = f"At {crowd(fewest)} "
    if _alike(slowest, fastest):
        return [f"{who}there is no difference: {_list(held)} answer {_span(slowest, fastest)} requests a second."]
    return [
        f"{who}{fastest.service} answers {fastest.throughput:.1f} requests a second "
        f"and {slowest.service} {slowest.throughput:.1f}."
    ]


def _keeping_up(contender: Contender, table: list[Row], results: Results) -> list[str]:
    """How far one service keeps up, by the rows that hold, and what happens at the first that does not."""
    held = [row for row in table if row.holds]
    if not held:
        return []
    load = Load(results.options.wait, results.options.think)
    alone = held[0].throughput / held[0].users if not contender.ours else 1 / (load.wait + load.think)
    fell = next((row for row in held if row.throughput < KEEPS_UP * alone * row.users), None)
    kept = [row.users for row in held if fell is None or row.users < fell.users]
    if fell is None:
        tried = ", the most that were tried" if kept[-1] == table[-1].users else ""
        return [f"{contender.name} keeps up with {crowd(kept[-1])}{tried}."]
    return [f"{_kept(contender, kept, knee(load, contender.slots))}; at {crowd(fell.users)} {_fall(fell)}."]


def _kept(contender: Contender, kept: list[int], limit: float) -> str:
    if not kept:
        return f"{contender.name} does not keep up with the fewest users that hold"
    if kept[-1] == limit:
        return f"{contender.name} keeps up to {limit:g} users, as many as its {contender.slots} slots can serve"
    if contender.slots is not None and kept[-1] < limit:
        return f"{contender.name} keeps up with {crowd(kept[-1])}, and should up to {limit:g} by its slots"
    return f"{contender.name} keeps up with {crowd(kept[-1])}"


def _fall(fell: Row) -> str:
    median = fell.percentile(0.5)
    waits = "" if median is None else f", and half of them wait longer than {_seconds(median)}"
    answers = f"it answers {fell.throughput:.1f} a second"
    if fell.predicted is None or not fell.predicted.saturated or (fell.ratio or 0.0) < KEEPS_UP:
        return f"{answers}, bound by {fell.bound}{waits}"
    return f"requests queue: {answers}{waits}"


def _many(table: list[Row]) -> list[str]:
    fewest = min((row.users for row in table), default=0)
    more = sorted((row for row in table if row.users > fewest), key=_by_users, reverse=True)
    for users, group in groupby(more, key=_by_users):
        held = sorted((row for row in group if row.holds), key=_rate, reverse=True)
        if len(held) < 2:
            continue
        best, others = held[0], held[1:]
        alike = [row for row in others if _alike(row, best)]
        behind = [row for row in others if not _alike(row, best)]
        if not behind:
            return [
                f"At {crowd(users)} there is no difference: {_list(held)} answer {_span(others[-1], best)} a second."
            ]
        who = _list([best, *alike]) + " carry" if alike else f"{best.service} carries"
        ratios = [f"{best.throughput / row.throughput:.1f} times the requests of {row.service}" for row in behind]
        return [
            f"At {crowd(users)} {who} {', '.join(ratios)}: "
            f"{best.throughput:.0f} a second against {', '.join(f'{row.throughput:.0f}' for row in behind)}."
        ]
    return []


def _price(table: list[Row]) -> list[str]:
    for users, group in groupby(sorted(table, key=_by_users, reverse=True), key=_by_users):
        held = [row for row in group if row.holds and row.cpu_per_request]
        if len(held) >= 2:
            costs = [f"{row.service} {row.cpu_per_request:.0f}" for row in held]
            return [f"At {crowd(users)} a request costs the service, in µs of CPU time: {', '.join(costs)}."]
    return []


def _doubtful(table: list[Row]) -> list[str]:
    return [
        f"Inconclusive: {row.service} at {crowd(row.users)}, because {'; '.join(row.doubts)}."
        for row in table
        if row.doubts
    ]


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.1f} s" if milliseconds >= 1000 else f"{milliseconds:.0f} ms"


def _alike(one: Row, other: Row) -> bool:
    return abs(one.throughput - other.throughput) <= ALIKE * max(one.throughput, other.throughput)


def _span(slowest: Row, fastest: Row) -> str:
    low, high = f"{slowest.throughput:.1f}", f"{fastest.throughput:.1f}"
    return low if low == high else f"{low} to {high}"


def _list(held: list[Row]) -> str:
    *names, last = sorted(row.service for row in held)
    return f"{', '.join(names)} and {last}"


def crowd(count: int) -> str:
    """A number of users in words."""
    return f"{count} user" if count == 1 else f"{count} users"


def _rate(row: Row) -> float:
    return row.throughput


def _by_users(row: Row) -> int:
    return row.users
