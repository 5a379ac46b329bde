"""Compare two services that a run measured in pairs: the ratio of each figure, with an interval over the pairs.

Requests of one run are not independent of each other: the run is the unit. Both services are started afresh for each
pair, in alternating order (A B, B A, ...), so that a slow drift of the machine favours neither.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, comb, floor, inf
from statistics import median

from loadtest.english import count, listed
from loadtest.results.schema import Pairing, Results, Step
from loadtest.workload import Load
from loadtest.workload.demand import ROUNDING

from . import format as cells
from .aggregate import FEWEST_PAIRS, Row, one
from .backlog import diverges

CONFIDENCE = 0.95
"""The least probability with which an interval holds the median."""

SMALLEST = 0.02
"""Difference, as a share, up to which two figures count as equal. Without such a margin 1 of 32 comparisons of a
service with itself would find a difference, however small: all six pairs are on the same side by chance."""

TELLING = 0.1
"""The largest difference, as a share, that a comparison without a clear one may leave open to be called that."""

THROUGHPUT, MEDIAN, TAIL, CPU_TIME, MEMORY = "throughput", "p50", "p99", "CPU per request", "memory"

FIGURES: Mapping[str, Callable[[Row], float | None]] = {
    THROUGHPUT: lambda row: row.throughput,
    MEDIAN: lambda row: row.percentile(0.5),
    TAIL: lambda row: row.percentile(0.99),
    CPU_TIME: lambda row: row.cpu_per_request,
    MEMORY: lambda row: row.memory,
}
"""The figures that are compared: requests per second, milliseconds, microseconds, bytes."""

NOTICED = (THROUGHPUT, MEDIAN, TAIL)
"""The figures that users notice."""

UNITS = "requests/s; latency in ms; CPU in µs; memory in MiB"
"""The units of their cells."""

FASTER, SLOWER, LESS, MORE = "faster", "slower", "less", "more"
EQUAL, UNKNOWN = "alike", "cannot be told"

CHANGED = (FASTER, SLOWER, LESS, MORE)


@dataclass(frozen=True)
class Interval:
    """A range of ratios that holds the median of all such pairs with a probability of `confidence`."""

    low: float
    high: float
    confidence: float

    @property
    def widest(self) -> float:
        """The largest difference within the interval, as a share."""
        return max(self.high, 1 / self.low if self.low else inf) - 1


@dataclass(frozen=True)
class Difference:
    """One figure of two services under one load. `ratios`: after over before, one for each pair that has both."""

    pairing: Pairing
    load: Load
    figure: str
    before: float | None
    """The median over the pairs, or None if no pair has the figure."""
    after: float | None
    ratios: tuple[float, ...]
    noise: float = 0.0
    """The largest difference of the first service from itself that this run leaves open, as a share; 0 if it was not
    compared with itself, inf if that cannot be told."""

    @property
    def ratio(self) -> float | None:
        """The median ratio, or None without pairs."""
        return median(self.ratios) if self.ratios else None

    @cached_property
    def interval(self) -> Interval | None:
        """The interval of the median ratio, or None if there are too few pairs."""
        return interval(self.ratios)

    @property
    def says(self) -> str:
        """FASTER, SLOWER, LESS, MORE, EQUAL or UNKNOWN."""
        found, ratio = self.interval, self.ratio
        if found is None or ratio is None:
            return UNKNOWN
        beyond = found.low > 1 + SMALLEST or found.high < 1 / (1 + SMALLEST)
        if beyond and max(ratio, 1 / ratio if ratio else inf) > 1 + self.noise:
            return self._direction(grew=ratio > 1)
        return EQUAL if not beyond and found.widest <= TELLING else UNKNOWN

    def _direction(self, *, grew: bool) -> str:
        if self.figure in (CPU_TIME, MEMORY):
            return MORE if grew else LESS
        return FASTER if grew == (self.figure == THROUGHPUT) else SLOWER


def interval(ratios: Sequence[float]) -> Interval | None:
    """Return the interval between two order statistics that holds the median with CONFIDENCE, as narrow as possible.

    None below FEWEST_PAIRS ratios: even the whole range of five holds the median with 94 % only. The method assumes
    nothing of the distribution (W. R. Thompson, "On Confidence Ranges for the Median and Other Expectation
    Distributions for Populations of Unknown Distribution Form", 1936).
    """
    size = len(ratios)
    outside, found = 0.0, None
    for left_out in range(size // 2):
        outside += 2 * comb(size, left_out) / 2**size
        if outside > 1 - CONFIDENCE:
            break
        found = (left_out, 1 - outside)
    if found is None:
        return None
    left_out, confidence = found
    ordered = sorted(ratios)
    return Interval(ordered[left_out], ordered[-1 - left_out], confidence)


def differences(results: Results) -> list[Difference]:
    """Return every figure of every pairing of a run under every load; a service's difference from itself first."""
    found: list[Difference] = []
    for pairing in sorted(results.options.pairings, key=lambda each: not each.itself):
        noise = {(each.load, each.figure): each for each in found if each.pairing.itself}
        for load in dict.fromkeys(step.load for step in results.steps if step.measured is not None):
            known = trusted(results.steps, pairing, load)
            for figure in FIGURES:
                own = noise.get((load, figure))
                found.append(_difference(pairing, load, figure, known, own))
    return [each for each in found if each.ratios or each.figure in (THROUGHPUT, MEDIAN)]


def trusted(steps: Sequence[Step], pairing: Pairing, load: Load) -> list[tuple[Row, Row]]:
    """Return the pairs under one load of which both runs can be trusted."""
    known = {
        (step.repeat, step.service): one(step) for step in steps if step.load == load and step.measured is not None
    }
    repeats = sorted({repeat for repeat, _ in known})
    found = [(known.get((each, pairing.before)), known.get((each, pairing.after))) for each in repeats]
    return [(first, other) for first, other in found if first and other and first.holds and other.holds]


def lacks_pairs(steps: Sequence[Step], pairings: Sequence[Pairing]) -> bool:
    """Return True if a further pair would help: under some load, some can be trusted, but fewer than FEWEST_PAIRS.

    If none can, or if only one of two services was put under a load, no further pair would change that.
    """
    run = {(step.service, step.load) for step in steps if step.measured is not None}
    return any(
        0 < len(trusted(steps, each, load)) < FEWEST_PAIRS
        for each in pairings
        for service, load in run
        if service == each.before and (each.after, load) in run
    )


def ratio_of(before: float | None, after: float | None) -> float | None:
    """Return the ratio of a figure in a pair, or None if it is unknown.

    A latency is inf if it is that of requests that were lost. What began or ended at 0 or inf has a ratio of 0 or inf;
    where both figures are 0, or both are inf, it is unknown.
    """
    if before is None or after is None or before == after in (0.0, inf):
        return None
    return after / before if before else inf


def _difference(
    pairing: Pairing, load: Load, figure: str, known: list[tuple[Row, Row]], own: Difference | None
) -> Difference:
    if figure in (MEDIAN, TAIL):  # while a backlog grows, latency only shows for how long it has grown
        known = [pair for pair in known if not any(map(diverges, pair))]
    figures = [(FIGURES[figure](first), FIGURES[figure](other)) for first, other in known]
    both = [
        (a, b, ratio) for a, b in figures if a is not None and b is not None and (ratio := ratio_of(a, b)) is not None
    ]
    noise = 0.0 if own is None else own.interval.widest if own.interval else inf
    return Difference(
        pairing,
        load,
        figure,
        median(a for a, _, _ in both) if both else None,
        median(b for _, b, _ in both) if both else None,
        tuple(ratio for _, _, ratio in both),
        noise,
    )


def sentences(results: Results) -> list[str]:
    """Return what the pairs show, for each pairing and load, and what the intervals mean; a service and itself last."""
    groups = _groups(results)
    known = [each.interval for group in groups for each in group if each.interval]
    return [*map(_sentence, groups), *([_meaning(known)] if known else [])]


def headline(results: Results) -> str:
    """Return what the largest load shows of both services, or of one and itself without another; without a period."""
    groups = _groups(results)
    first = [group for group in groups if group[0].pairing == groups[0][0].pairing]
    group = max(first, key=lambda group: group[0].load.amount)
    if group[0].pairing.itself:
        return _itself(group).removesuffix(".")
    noticed = {each.says: _figure(each) for each in reversed(group) if each.figure in NOTICED and each.says in CHANGED}
    told = f": {listed([*noticed.values()])}" if noticed else ""
    return f"At {group[0].load.label} {_overall(group)}{told}"


def _groups(results: Results) -> list[list[Difference]]:
    """Return the differences by pairing and load; those of a service from itself last."""
    groups: dict[tuple[Pairing, Load], list[Difference]] = {}
    for each in differences(results):
        groups.setdefault((each.pairing, each.load), []).append(each)
    return sorted(groups.values(), key=lambda group: group[0].pairing.itself)


def _sentence(group: list[Difference]) -> str:
    return _itself(group) if group[0].pairing.itself else _told(group)


def _meaning(known: list[Interval]) -> str:
    least = floor(min(each.confidence for each in known) * 100)
    return f"Each interval holds the median ratio of all such pairs with a probability of at least {least}%."


HEADS = ("ratio", "interval", "pairs", "says")
"""The headings of the last cells of a difference."""


def told(each: Difference) -> list[str]:
    """Return a difference as cells of a table: its figure, both medians, and those that HEADS names."""
    found = each.interval
    return [
        each.figure,
        *(_amount(each, value) for value in (each.before, each.after)),
        cells.NONE if each.ratio is None else f"{each.ratio:.3f}",
        cells.NONE if found is None else f"{found.low:.3f} to {found.high:.3f}",
        str(len(each.ratios)),
        each.says,
    ]


def measured(each: Difference) -> tuple[str, str]:
    """Return both medians of a difference in words, with their unit."""
    units = {THROUGHPUT: "/s", CPU_TIME: " µs", MEMORY: " MiB"}
    before, after = (
        _amount(each, value) + ("" if value in (None, inf) else units.get(each.figure, " ms"))
        for value in (each.before, each.after)
    )
    return before, after


def untrusted(each: Difference, table: Sequence[Row]) -> Difference:
    """Return a difference of which no pair can be trusted with the figures of all its pairs."""
    known = {row.service: FIGURES[each.figure](row) for row in table if row.load == each.load and row.windows}
    return replace(each, before=known.get(each.pairing.before), after=known.get(each.pairing.after))


def says(each: Difference) -> tuple[str, str]:
    """Return what is said of a difference, and its ratio with the interval."""
    found = each.interval
    if each.ratio is None or found is None:
        return f"{UNKNOWN}: {count(len(each.ratios), 'pair')} to trust, {FEWEST_PAIRS} needed", ""
    ends = f"{found.low:.2f} to {found.high:.2f}" if found.high < inf else f"at least {found.low:.2f}"
    times = f"{each.ratio:.2f} times, {ends}" if each.ratio < inf else ends
    return f"no difference larger than {up(found.widest)}" if each.says == EQUAL else each.says, times


def _amount(difference: Difference, value: float | None) -> str:
    """Return one of the two medians of a difference, in the unit of its figure."""
    if value is None:
        return cells.NONE
    shown = {
        THROUGHPUT: cells.per_second(value),
        CPU_TIME: cells.microseconds(value),
        MEMORY: f"{value / 2**20:.1f}",
    }
    return shown.get(difference.figure) or cells.latency(value, difference.load)


def _told(group: list[Difference]) -> str:
    """Return what differs, what does not, and what cannot be told, under one load."""
    changed = [each for each in group if each.says in CHANGED]
    alike = [each for each in group if each.says == EQUAL]
    unknown = [each.figure for each in group if each.says == UNKNOWN]
    noticed = [_figure(each) for each in changed if each.figure in NOTICED]
    beside = [_figure(each) for each in changed if each.figure not in NOTICED]
    told = [f"At {group[0].load.label} {_overall(group)}{': ' if noticed else ''}{', '.join(noticed)}."]
    if beside:
        told.append(f"What it takes: {', '.join(beside)}.")
    if alike:
        widest = max(each.interval.widest for each in alike if each.interval)
        told.append(f"No difference larger than {up(widest)} in {listed([each.figure for each in alike])}.")
    if unknown:
        told.append(f"Unknown: {listed(unknown)}{_why(group)}.")
    return " ".join(told)


def _overall(group: list[Difference]) -> str:
    """Return the answer by throughput and latency, which are what users notice."""
    after, before = group[0].pairing.after, group[0].pairing.before
    noticed = [each for each in group if each.figure in NOTICED]
    faster, slower = ([each.figure for each in noticed if each.says == says] for says in (FASTER, SLOWER))
    if faster and slower:
        return f"{after} is faster than {before} in {listed(faster)}, and slower in {listed(slower)}"
    if faster or slower:
        return f"{after} is {FASTER if faster else SLOWER} than {before}"
    if all(each.says == UNKNOWN for each in noticed):
        return f"whether {after} is faster or slower than {before} cannot be told"
    alike = [each.figure for each in noticed if each.says == EQUAL]
    only = f" in {listed(alike)}" if len(alike) < len(noticed) else ""
    return f"{after} is neither faster nor slower than {before}{only}"


def _figure(each: Difference) -> str:
    found = each.interval
    assert found is not None
    if found.high == inf:  # requests were lost
        return f"{each.figure} at least {found.low:.2f} times"
    return f"{each.figure} {each.ratio:.2f} times ({found.low:.2f} to {found.high:.2f})"


def up(share: float) -> str:
    """Return a share in whole percent, rounded up: what is said to be no larger must not be."""
    return f"{max(1, ceil(share * 100 - ROUNDING))}%"


def _why(group: list[Difference]) -> str:
    """Return why a figure cannot be told, if one reason holds for all: too few pairs can be trusted."""
    most = max(len(each.ratios) for each in group)
    return f" ({count(most, 'pair')} can be trusted, and {FEWEST_PAIRS} are needed)" if most < FEWEST_PAIRS else ""


def _itself(group: list[Difference]) -> str:
    """Return how large a difference must be to mean anything here."""
    first = group[0]
    known = [(each.figure, each.interval.widest) for each in group if each.interval]
    who = f"{first.pairing.before} against itself at {first.load.label}"
    if not known:
        return f"{who}: how large a difference must be to mean anything cannot be told{_why(group)}."
    told = [f"{up(max(widest, SMALLEST))} in {figure}" for figure, widest in known if widest < inf]
    lost = [figure for figure, widest in known if widest == inf]
    small = f"differences up to {listed(told)} cannot be told from chance here" if told else ""
    none = f"nothing can be told of {listed(lost)}, for requests were lost" if lost else ""
    return f"{who}: {'; '.join(filter(None, (small, none)))}."
