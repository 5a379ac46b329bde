"""The tables of what held event loops: findings, repairs, and the lines that static checkers point at."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from loadtest.results.stalls import Finding, Stalls

from .format import NONE, bracketed, per_second
from .held import doubts, line, of_repair, plain, rate_doubts, ratio, share, where

ROUTES = 3
"""The most routes that a finding names."""


class Table(NamedTuple):
    """Column headings and formatted cells. `names` columns of text come first, then figures, then one of text."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    names: int


def findings(stalls: Stalls) -> Table:
    """Return the lines that held the loops, those that held them the longest first; times are in milliseconds."""
    head = ["line", "call", "kind", "times", "p50, ms", "worst, ms", "a request, ms", "share", "routes"]
    holds = not doubts(stalls)
    return Table(head, [_finding(each, holds=holds) for each in stalls.findings], 3)


def _finding(each: Finding, *, holds: bool) -> list[str]:
    figures = (str(each.times), *map(per_second, (each.p50_ms, each.worst_ms, each.request_ms)), share(each.share))
    return [
        line(each) if each.site else NONE,
        plain(each.site.call or each.site.inside) or NONE if each.site else NONE,
        each.kind,
        *(bracketed(figure, holds=holds) for figure in figures),
        routes(each.routes),
    ]


def routes(held: Mapping[str, int]) -> str:
    """Return the routes whose requests were held, that of most stalls first, each with the number of its stalls."""
    most = sorted(held.items(), key=lambda each: -each[1])
    named = [f"{plain(route)} ({times})" for route, times in most[:ROUTES]]
    return ", ".join([*named, *([f"{len(most) - ROUTES} more"] if len(most) > ROUTES else [])]) or NONE


def repairs(stalls: Stalls) -> Table:
    """Return the most requests per second of one process, as it is and with each repair."""
    holds = not rate_doubts(stalls)
    rows = [
        [
            of_repair(each, stalls),
            *(
                bracketed(figure, holds=holds) if figure else NONE
                for figure in (
                    per_second(each.predicted),
                    "" if each.measured is None else per_second(each.measured),
                    ratio(each),
                )
            ),
            each.bound,
        ]
        for each in stalls.repairs
    ]
    return Table(["repair", "predicted", "measured", "ratio", "bound by"], rows, 1)


def spotted(stalls: Stalls) -> Table:
    """Return the lines that static checkers point at."""
    rows = [
        [plain(each.tool), where(each.site), "yes" if each.seen else "no", plain(each.said)] for each in stalls.spotted
    ]
    return Table(["checker", "line", "seen in the run", "says"], rows, 3)
