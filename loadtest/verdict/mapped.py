"""The conclusions of a map, in sentences."""

from collections.abc import Mapping

from loadtest.english import listed, plural_of
from loadtest.results.schema import Results
from loadtest.results.waits import POINTS

from . import where
from .aggregate import Row, rows
from .comparison import doubtful, ended
from .points import kept, points
from .where import Pair, growths, remembered, rule, sides


def pair_of(measured: Mapping[str, Results]) -> Pair | None:
    """Return the two services of a map, or None if one was not calibrated."""
    known = sides(next(iter(measured.values())))
    return Pair(*known) if len(known) == 2 else None


def table_of(measured: Mapping[str, Results]) -> list[tuple[str, Row]]:
    """Return the rows of all comparisons of a map, with their waits, the shortest first."""
    return [(name, row) for name in reversed([*POINTS]) if name in measured for row in rows(measured[name])]


def headline(measured: Mapping[str, Results]) -> str:
    """Return at which waits the second service pays, or why that is unknown; without a period."""
    pair = pair_of(measured)
    return said(measured)[0].removesuffix(".") if pair is None or pair.doubt else where.headline(pair)


def said(measured: Mapping[str, Results]) -> list[str]:
    """Return the rule, how well the measured points agree with it, and the memory of a request."""
    pair = pair_of(measured)
    if pair is None:
        return ["No map can be drawn: a service was not calibrated."]
    if pair.doubt:
        return [f"No map can be drawn: {pair.doubt}."]
    table = [row for _, row in table_of(measured)]
    memory = next(iter(measured.values())).machine.memory
    found = points(measured.values(), pair.names)
    return [*rule(pair), kept(found), remembered(growths(pair, table), memory)]


def lacking(measured: Mapping[str, Results]) -> list[str]:
    """List the waits that were not measured, or not completely."""
    missing = [name for name in reversed([*POINTS]) if name not in measured]
    waits = f"{plural_of(len(missing), 'a wait', 'waits')} of {listed(missing)}" if missing else ""
    return [
        *([f"With {waits} nothing was measured."] if missing else []),
        *(f"With a wait of {name} the run {ended(run)}" for name, run in measured.items() if not run.complete),
    ]


def doubts(measured: Mapping[str, Results]) -> list[str]:
    """List the inconclusive rows of all comparisons with their reasons."""
    table = table_of(measured)
    return [
        doubt
        for name in dict.fromkeys(name for name, _ in table)
        for doubt in doubtful([row for its, row in table if its == name], f"with a wait of {name}")
    ]
