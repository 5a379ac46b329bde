"""What a run says, in sentences for a newcomer. Each rests on rows that hold; the rest is named as inconclusive."""

from itertools import groupby
from math import floor

from loadtest.results.schema import Contender, Results
from loadtest.workload.closed import DEADLOCK, ROUNDING, SLOTS, Limit, knee
from loadtest.workload.scenarios import POOLS

from .aggregate import Row, rows
from .judge import KEEPS_UP

ALIKE = 0.05
"""Difference, as a share of the larger figure, below which two throughputs are called the same."""


def verdict(results: Results) -> list[str]:
    """The sentences, the most important first: at few users, where each stops keeping up, at many users, the price."""
    table = rows(results)
    sentences = [*_few(table)]
    for contender in results.contenders:
        sentences += _keeping_up(contender, [row for row in table if row.service == contender.name])
    sentences += compared(table)
    sentences += _pools(table, results.contenders)
    sentences += _price(table)
    sentences += doubtful(table)
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


def _keeping_up(contender: Contender, table: list[Row]) -> list[str]:
    """How far one service keeps up, by the rows that hold, and what happens at the first that does not."""
    held = [row for row in table if row.holds]
    if not held:
        return []
    load = contender.load
    alone = held[0].throughput / held[0].users if load is None else 1 / (load.wait + load.think)
    fell = next((row for row in held if row.throughput < KEEPS_UP * alone * row.users), None)
    kept = [row.users for row in held if fell is None or row.users < fell.users]
    if fell is None:
        tried = ", the most that were tried" if kept[-1] == table[-1].users else ""
        return [f"{contender.name} keeps up with {crowd(kept[-1])}{tried}."]
    return [f"{_kept(contender, kept)}; at {crowd(fell.users)} {_fall(contender, fell)}."]


def _kept(contender: Contender, kept: list[int]) -> str:
    if not kept:
        return f"{contender.name} does not keep up with the fewest users that hold"
    if contender.load is not None and contender.load.limits:
        most = floor(knee(contender.load) * (1 + ROUNDING))  # users are whole
        tightest = min(contender.load.limits, key=lambda limit: limit.throughput)
        if kept[-1] == most:
            return f"{contender.name} keeps up to {crowd(most)}, as many as its {_named(tightest)} can serve"
        if kept[-1] < most and contender.load.patience is None:
            return f"{contender.name} keeps up with {crowd(kept[-1])}, and should up to {most} by its {tightest.name}"
    return f"{contender.name} keeps up with {crowd(kept[-1])}"


def _named(limit: Limit) -> str:
    return f"{limit.name} of {limit.capacity}" if limit.name in POOLS else f"{limit.capacity} {limit.name}"


def _fall(contender: Contender, fell: Row) -> str:
    if fell.bound == DEADLOCK and contender.load is not None and contender.load.patience is not None:
        return (
            f"there is a deadlock: all {contender.slots} slots hold requests that wait for answers, the answers queue "
            f"for a slot, and {fell.failures} of {fell.requests} requests end when their "
            f"{contender.load.patience:g} s are over"
        )
    median = fell.percentile(0.5)
    waits = "" if median is None else f", and half of them wait longer than {duration(median)}"
    answers = f"it answers {fell.throughput:.1f} a second"
    if fell.predicted is None or fell.predicted.bound != SLOTS or (fell.ratio or 0.0) < KEEPS_UP:
        its = "its " if contender.load and any(fell.bound == limit.name for limit in contender.load.limits) else ""
        return f"{answers}, bound by {its}{fell.bound}{waits}"
    return f"requests queue: {answers}{waits}"


def compared(table: list[Row]) -> list[str]:
    """Who carries how many times the requests of whom, at the most users where two of them can be compared."""
    fewest = min((row.users for row in table), default=0)
    more = sorted((row for row in table if row.users > fewest), key=_by_users, reverse=True)
    for users, group in groupby(more, key=_by_users):
        held = sorted((row for row in group if row.holds and row.bound != DEADLOCK), key=_rate, reverse=True)
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
        times = [f"{best.throughput / row.throughput:.1f} times the requests of " for row in behind]
        ratios = {each: [row for row, its in zip(behind, times, strict=True) if its == each] for each in times}
        told = [f"{each}{listed([row.service for row in slower])}" for each, slower in ratios.items()]
        rates = [_span(slower[-1], slower[0], digits=0) for slower in ratios.values()]
        return [
            f"At {crowd(users)} {who} {', '.join(told)}: {best.throughput:.0f} a second against {', '.join(rates)}."
        ]
    return []


def _pools(table: list[Row], contenders: list[Contender]) -> list[str]:
    """What is to be seen where one pool binds services of both kinds: whoever waits for it, it lets no more through."""
    known = {contender.name: contender for contender in contenders}
    for users, group in groupby(sorted(table, key=_by_users, reverse=True), key=_by_users):
        bound = [row for row in group if row.holds and row.bound in POOLS]
        for name in dict.fromkeys(row.bound for row in bound):
            alike = [row for row in bound if row.bound == name]
            if len({known[row.service].kind for row in alike}) == 2:
                return [
                    f"At {crowd(users)} {_list(alike)} are bound by their {name}s, blocking or not: a coroutine waits "
                    "for a connection more cheaply than a thread, and makes what is behind it no faster."
                ]
    return []


def _price(table: list[Row]) -> list[str]:
    for users, group in groupby(sorted(table, key=_by_users, reverse=True), key=_by_users):
        held = [row for row in group if row.holds and row.bound != DEADLOCK and row.cpu_per_request]
        if len(held) >= 2:
            costs = [f"{row.service} {row.cpu_per_request:.0f}" for row in held]
            return [f"At {crowd(users)} a request costs the service, in µs of CPU time: {', '.join(costs)}."]
    return []


def doubtful(table: list[Row]) -> list[str]:
    """What is inconclusive, and why."""
    return [
        f"Inconclusive: {row.service} at {crowd(row.users)}, because {'; '.join(row.doubts)}."
        for row in table
        if row.doubts
    ]


def duration(milliseconds: float) -> str:
    """A time in words."""
    return f"{milliseconds / 1000:.1f} s" if milliseconds >= 1000 else f"{milliseconds:.0f} ms"


def _alike(one: Row, other: Row) -> bool:
    return abs(one.throughput - other.throughput) <= ALIKE * max(one.throughput, other.throughput)


def _span(slowest: Row, fastest: Row, digits: int = 1) -> str:
    low, high = f"{slowest.throughput:.{digits}f}", f"{fastest.throughput:.{digits}f}"
    return low if low == high else f"{low} to {high}"


def _list(held: list[Row]) -> str:
    return listed(sorted(row.service for row in held))


def listed(names: list[str]) -> str:
    """Names as a sentence has them."""
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


def crowd(count: int) -> str:
    """A number of users in words."""
    return f"{count} user" if count == 1 else f"{count} users"


def _rate(row: Row) -> float:
    return row.throughput


def _by_users(row: Row) -> int:
    return row.users
