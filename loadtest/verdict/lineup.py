"""The line-up put together: what each service did under the wait and under both controls."""

from collections.abc import Mapping
from dataclasses import dataclass

from loadtest.english import listed, plural_of
from loadtest.results.schema import Contender, Results
from loadtest.results.suite import CPU, DELAY, HEALTHZ, WAYS
from loadtest.workload import Load
from loadtest.workload.demand import SLOTS, USERS

from .aggregate import KINDS, Row, grouped, rows
from .comparison import doubtful, ended, span
from .judge import KEEPS_UP

CAUTION = (
    "One machine, these versions, one server for each framework, and a simulated wait. A sleep says nothing of a "
    "framework's speed: what is seen under the wait is how many requests can wait at once. What a framework costs is "
    "seen in the controls, which do not wait: the CPU time of a request to /healthz, and requests to /cpu, which "
    "compute. Elsewhere, with other versions and other servers, the figures would be others."
)
"""What has to be read before any figure."""

MOST = WAYS[DELAY].loads[-1]
"""The load under which the services differ the most."""


@dataclass(frozen=True)
class Portrait:
    """One service in all comparisons."""

    contender: Contender
    rows: Mapping[tuple[str, Load], Row]
    """By comparison and load."""

    @property
    def name(self) -> str:
        """That of the service."""
        return self.contender.name

    @property
    def framework(self) -> str:
        """The first of its software; its own name where nothing is known of that."""
        return next(iter(self.contender.software), self.name)

    def row(self, way: str, load: Load | None = None) -> Row | None:
        """What it did in one comparison, under one load or the largest; None where that was not measured."""
        row = self.rows.get((way, WAYS[way].loads[-1] if load is None else load))
        return row if row is not None and row.windows else None

    def held(self, way: str, load: Load | None = None) -> Row | None:
        """The same, None also where it cannot be trusted."""
        row = self.row(way, load)
        return row if row is not None and row.holds else None


def portraits(measured: Mapping[str, Results]) -> list[Portrait]:
    """One of each service, those of one kind together."""
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


def conclusion(found: list[Portrait]) -> str:
    """What bounds the services under the largest load, as far as rows hold."""
    at = f"At {MOST.label}"
    if not any(each.row(DELAY) for each in found):
        return f"{at} nothing was measured"
    if not any(each.held(DELAY) for each in found):
        return f"{at} nothing that was measured can be trusted"
    slots, free = (bound_by(bound, found) for bound in (SLOTS, USERS))
    stuck, kept = _who(slots, "services that run out of slots"), _who(free, "others" if slots else "services")
    told = [f"{stuck} what {plural_of(len(slots), 'its', 'their')} slots let through"] if stuck else []
    if kept:
        told.append(f"{kept.rpartition(' ')[0] if stuck else kept} what the users send")
    sentence = " and ".join(told)
    if not sentence:
        return f"{at} no service comes up to its prediction"
    alike = all(_keeps_up(row) for group in (slots, free) for each in group if (row := each.held(DELAY)))
    several = any(len({each.framework for each in group if each.held(DELAY)}) > 1 for group in (slots, free))
    return f"{at} {sentence}" + (", whatever their framework" if alike and several else "")


def exceptions(found: list[Portrait]) -> list[str]:
    """Who falls short of the prediction, though the measurement holds."""
    return [
        f"{each.name} falls short at {load.label}: {row.throughput:.0f} of {row.predicted.throughput:.0f} requests a "
        f"second, bound by {row.bound}."
        for each in found
        for load in WAYS[DELAY].loads
        if (row := each.held(DELAY, load)) and row.predicted and not _keeps_up(row)
    ]


def costs(found: list[Portrait]) -> dict[str, float]:
    """Microseconds of CPU time of a request to /healthz, the cheapest service first, as far as they hold."""
    known = {
        each.name: cost for each in found if (row := each.held(HEALTHZ)) and (cost := row.cpu_per_request) is not None
    }
    return dict(sorted(known.items(), key=lambda item: item[1]))


def sentences(found: list[Portrait]) -> list[str]:
    """What the figures say beside the conclusion and the costs."""
    told = exceptions(found)
    rates: dict[str, list[float]] = {}
    for each in found:
        if row := each.held(CPU):
            rates.setdefault(each.contender.kind, []).append(row.throughput)
    if spans := [f"{kind} ones {span(rates[kind])}" for kind in KINDS if kind in rates]:
        told.append(f"Where requests compute, at /cpu, services answer in a second: {', '.join(spans)}.")
    return told


def priced(found: list[Portrait]) -> str:
    """What a request costs at the least and at the most where nothing waits, and with whom."""
    cost = costs(found)
    if not cost:
        return "What a framework costs cannot be told: no measurement of /healthz holds"
    (first, least), *_, (last, most) = [*cost.items(), *cost.items()]
    if f"{least:.0f}" == f"{most:.0f}":
        return f"A request that does nothing costs {listed(sorted(cost))} {most:.0f} µs of CPU time"
    return f"A request that does nothing costs {first} {least:.0f} µs of CPU time, and {last} {most:.0f} µs"


def lacking(measured: Mapping[str, Results]) -> list[str]:
    """What was to be measured and was not."""
    return [
        *(f"Nothing was measured under {way}." for way in WAYS if way not in measured),
        *(f"The comparison under {way} {ended(run)}" for way, run in measured.items() if not run.complete),
    ]


def doubts(found: list[Portrait]) -> list[str]:
    """What is inconclusive, and why."""
    return [
        each.replace("Inconclusive: ", f"Inconclusive: {way} of ", 1)
        for way in WAYS
        for each in doubtful([row for portrait in found for (its, _), row in portrait.rows.items() if its == way])
    ]


def _keeps_up(row: Row) -> bool:
    return row.ratio is not None and row.ratio >= KEEPS_UP


def bound_by(bound: str, found: list[Portrait]) -> list[Portrait]:
    """Those that are foretold to be bound so under the largest load, measured or not."""
    return [each for each in found if (demand := each.contender.demand) and MOST.predict(demand).bound == bound]


def _who(group: list[Portrait], who: str) -> str:
    """How many of a group do what is foretold of them, with the verb; nothing where none does."""
    there = sum(_keeps_up(row) for each in group if (row := each.held(DELAY)))
    if not there:
        return ""
    if len(group) == 1:
        return f"{group[0].name} answers"
    if there == len(group):
        return f"all {there} {who} answer"
    return f"{there} of {len(group)} {who} {plural_of(there, 'answers', 'answer')}"
