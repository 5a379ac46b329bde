"""Combine the three comparisons of the line-up: the waiting test and both controls, per service."""

from collections.abc import Mapping
from dataclasses import dataclass

from loadtest.english import listed, plural_of
from loadtest.results.schema import Contender, Results
from loadtest.results.suite import CPU, DELAY, HEALTHZ, WAYS
from loadtest.workload import Load
from loadtest.workload.demand import CPU as PROCESSORS
from loadtest.workload.demand import SLOTS, USERS

from .aggregate import KINDS, Row, grouped, rows
from .bounds import KEEPS_UP
from .cause import cause
from .comparison import doubtful, ended
from .format import span
from .headline import NAMES, of_users

CAUTION = (
    "One machine, these versions, one server per framework, a simulated wait: others give other figures. The waiting "
    "test shows how many requests can wait at once, not how fast a framework is. Read a framework's cost from the "
    "controls, which do not wait: /healthz, and /cpu, which computes."
)
"""The caution that readers see before the table of figures."""

MOST = WAYS[DELAY].loads[-1]
"""The load at which the services differ most."""


@dataclass(frozen=True)
class Portrait:
    """The rows of one service in all comparisons."""

    contender: Contender
    rows: Mapping[tuple[str, Load], Row]
    """By comparison and load."""

    @property
    def name(self) -> str:
        """The name of the service."""
        return self.contender.name

    @property
    def framework(self) -> str:
        """The name of the service's framework, or the service's own name if its software is unknown."""
        return next(iter(self.contender.software), self.name)

    def row(self, way: str, load: Load | None = None) -> Row | None:
        """Return the row of one comparison at `load` (default: the largest), or None if it was not measured."""
        row = self.rows.get((way, WAYS[way].loads[-1] if load is None else load))
        return row if row is not None and row.windows else None

    def of(self, way: str) -> list[Row]:
        """Return the rows of one comparison."""
        return [row for (its, _), row in self.rows.items() if its == way]

    def held(self, way: str, load: Load | None = None) -> Row | None:
        """Return the row like `row`, but None if it is inconclusive."""
        row = self.row(way, load)
        return row if row is not None and row.holds else None


def portraits(measured: Mapping[str, Results]) -> list[Portrait]:
    """Return a portrait of each service, grouped by kind."""
    contenders: dict[str, Contender] = {}
    for results in measured.values():
        for each in results.contenders:
            contenders.setdefault(each.name, each)
    tables = {way: rows(results) for way, results in measured.items()}
    return [
        Portrait(
            contender,
            {(way, row.load): row for way, table in tables.items() for row in table if row.service == contender.name},
        )
        for contender in grouped(contenders.values())
    ]


def ranked(found: list[Portrait]) -> list[Portrait]:
    """Sort the services by kind and, within a kind, by throughput at the largest load: the kind of the first leads."""

    def rate(each: Portrait) -> float:
        row = each.row(DELAY)
        return row.throughput if row else 0.0

    best = {
        kind: max(rate(each) for each in found if each.contender.kind == kind)
        for kind in {each.contender.kind for each in found}
    }
    return sorted(found, key=lambda each: (-best[each.contender.kind], each.contender.kind, -rate(each)))


def headline(measured: Mapping[str, Results], found: list[Portrait]) -> str:
    """Return which services serve most in the waiting test at the largest load, and what caps the others."""
    waiting = measured.get(DELAY)
    if waiting is None:
        return conclusion(found)
    return of_users([row for each in found for row in each.of(DELAY)], waiting.contenders)


def conclusion(found: list[Portrait]) -> str:
    """Return what bounds the services at the largest load, from trusted rows, as one sentence without its period."""
    at = f"At {MOST.label}"
    if not any(each.row(DELAY) for each in found):
        return f"{at} nothing was measured"
    if not any(each.held(DELAY) for each in found):
        return f"{at} no measurement can be trusted"
    slots, busy, free = (bound_by(bound, found) for bound in (SLOTS, PROCESSORS, USERS))
    stuck = _who(slots, "services with too few slots", "is capped by its slots", "are capped by their slots")
    full = _who(busy, "services with too little CPU time", "is bound by its CPU", "are bound by their CPU")
    kept = _who(free, "others" if slots or busy else "services", "keeps up", "keep up")
    sentence = "; ".join(filter(None, (stuck, full, kept)))
    if not sentence:
        return f"{at} no service reaches its prediction"
    groups = (slots, busy, free)
    alike = not busy and all(_keeps_up(row) for group in groups for each in group if (row := each.held(DELAY)))
    several = any(len({each.framework for each in group if each.held(DELAY)}) > 1 for group in groups)
    return f"{at} {sentence}" + (", regardless of framework" if alike and several else "")


def exceptions(found: list[Portrait]) -> list[str]:
    """List the services whose trusted throughput falls short of the prediction."""
    return [
        f"{each.name} falls short at {load.label}: {row.throughput:.0f}/s of {row.predicted.throughput:.0f}/s "
        f"predicted, bound by {row.bound}."
        for each in found
        for load in WAYS[DELAY].loads
        if (row := each.held(DELAY, load)) and row.predicted and not _keeps_up(row)
    ]


def costs(found: list[Portrait]) -> dict[str, float]:
    """Return the CPU time of a request to /healthz in microseconds, per service, cheapest first; trusted rows only."""
    known = {
        each.name: cost for each in found if (row := each.held(HEALTHZ)) and (cost := row.cpu_per_request) is not None
    }
    return dict(sorted(known.items(), key=lambda item: item[1]))


def sentences(found: list[Portrait]) -> list[str]:
    """Return the findings beside the conclusion and the costs: services that fall short, and the throughput of /cpu."""
    told = exceptions(found)
    rates: dict[str, list[float]] = {}
    for each in found:
        if row := each.held(CPU):
            rates.setdefault(each.contender.kind, []).append(row.throughput)
    if spans := [f"{kind} services {span(rates[kind])}/s" for kind in KINDS if kind in rates]:
        told.append(f"Throughput of /cpu, which computes: {', '.join(spans)}.")
    return told


def priced(found: list[Portrait]) -> str:
    """Return the lowest and highest CPU cost of a request that does not wait, with the services."""
    cost = costs(found)
    if not cost:
        return "The frameworks' cost is unknown: no measurement of /healthz can be trusted"
    (first, least), *_, (last, most) = [*cost.items(), *cost.items()]
    if f"{least:.0f}" == f"{most:.0f}":
        who = listed(sorted(cost)) if len(cost) <= NAMES else f"{len(cost)} services"
        return f"An empty request (/healthz) costs {most:.0f} µs of CPU time ({who})"
    return f"An empty request (/healthz) costs {least:.0f} µs ({first}) to {most:.0f} µs ({last}) of CPU time"


def lacking(measured: Mapping[str, Results]) -> list[str]:
    """List the comparisons that are missing or incomplete."""
    return [
        *(f"Scenario {way} was not measured." for way in WAYS if way not in measured),
        *(f"Scenario {way} {ended(run)}" for way, run in measured.items() if not run.complete),
    ]


def causes(found: list[Portrait]) -> list[str]:
    """Return the cause that most inconclusive rows share, with a remedy, as a list of one sentence, or none."""
    return cause(row for portrait in found for row in portrait.rows.values())


def doubts(found: list[Portrait]) -> list[str]:
    """List the inconclusive rows of all comparisons with their reasons."""
    return [
        doubt
        for way in WAYS
        for doubt in doubtful(
            [row for portrait in found for (its, _), row in portrait.rows.items() if its == way], f"in scenario {way}"
        )
    ]


def _keeps_up(row: Row) -> bool:
    return row.ratio is not None and row.ratio >= KEEPS_UP


def bound_by(bound: str, found: list[Portrait]) -> list[Portrait]:
    """Return the services for which the model predicts `bound` at the largest load, measured or not."""
    return [each for each in found if (demand := each.contender.demand) and MOST.predict(demand).bound == bound]


def _who(group: list[Portrait], who: str, does: str, do: str) -> str:
    """State how many services of a group reach their prediction, with the verb; "" if none does."""
    there = sum(_keeps_up(row) for each in group if (row := each.held(DELAY)))
    if not there:
        return ""
    if len(group) == 1:
        return f"{group[0].name} {does}"
    if there == len(group):
        return f"{'both' if there == 2 else f'all {there}'} {who} {do}"
    return f"{there} of {len(group)} {who} {plural_of(there, does, do)}"
