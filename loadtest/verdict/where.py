"""The map of where async pays: how much more one service carries than another, by wait and requests in flight.

All of it is computed from the calibrated demands of the two services, each by itself: without the load generator.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from loadtest.english import count, duration, plural_of
from loadtest.results.schema import Contender, Results
from loadtest.workload.closed import Closed
from loadtest.workload.demand import CPU, SLOTS, Demand, Limit
from loadtest.workload.scenarios import MIXED, POOLS

from .aggregate import Row
from .alike import ALIKE
from .memory import Growth, growth
from .processors import NEIGHBOUR

SHORTEST, LONGEST = 0.001, 10.0
"""The waits of the map in seconds."""

MOST = 10_000
"""The largest number of requests in flight of the map."""

EXAMPLE = 0.05
"""The wait in seconds of the example in the rule, unless a run has its own."""

PREFERRED = ("flask-threads", "aiohttp")
"""The services that are drawn if a run has them."""


@dataclass(frozen=True)
class Side:
    """A service of the map, with its demand in a run whose requests asked for waits of `asked` seconds."""

    contender: Contender
    known: Demand
    asked: float

    @property
    def name(self) -> str:
        """The name of the service."""
        return self.contender.name

    def at(self, wait: float) -> Demand:
        """Return the demand of a request that asks for a wait of `wait` seconds, if the service is by itself."""
        return self.known.by_itself.waiting(self.known.wait * wait / self.asked)

    def throughputs(self, wait: float, in_flight: Sequence[int]) -> list[float]:
        """Return the throughput with each of these numbers of requests in flight."""
        demand = self.at(wait)
        return [Closed(number).predict(demand).throughput for number in in_flight]

    def runs_out(self, wait: float) -> Limit:
        """Return the limit that is reached first as more requests are in flight."""
        return min(self.at(wait).limits, key=lambda limit: limit.throughput)

    def full(self, wait: float) -> float:
        """Return the number of requests in flight at which this limit is reached."""
        return Closed(1).knee(self.at(wait))

    def turn(self) -> float:
        """Return the wait in seconds up to which the CPU runs out first, or inf if nothing else can run out."""
        demand = self.at(self.asked)
        others = [limit for limit in demand.limits if limit.name != CPU]
        least = min((limit.capacity / self.most - (limit.held - demand.wait) for limit in others), default=inf)
        return max(0.0, least) * self.asked / demand.wait

    @property
    def most(self) -> float:
        """The throughput that the CPU allows."""
        return self.known.cpu.throughput if self.known.cpu else inf

    def resource(self, wait: float) -> str:
        """Return what runs out first, in words."""
        limit = self.runs_out(wait)
        if limit.name == CPU:
            return CPU
        if limit.name == SLOTS:
            each = self.contender.processes == self.contender.slots
            return count(limit.capacity, "process" if each else "thread", "processes" if each else "threads")
        if limit.name in POOLS:
            return f"{count(limit.capacity, 'connection')} in the {limit.name}"
        return count(limit.capacity, limit.name.removesuffix("s"))


@dataclass(frozen=True)
class Pair:
    """The two services of a map: figures are the throughput of the second, divided by that of the first."""

    first: Side
    second: Side

    @property
    def names(self) -> list[str]:
        """The names of both services."""
        return [self.first.name, self.second.name]

    @property
    def doubt(self) -> str | None:
        """The reason why nothing can be concluded from the calibrations, or None if they are trusted."""
        known = [side.contender.calibration for side in (self.first, self.second)]
        took = max(each.neighbours if each else 0.0 for each in known)
        return f"other processes took {took:.0%} of the cores during the calibration" if took > NEIGHBOUR else None

    def times(self, wait: float, in_flight: int) -> float:
        """Return how many times the throughput of the first service the second one has."""
        return self.column(wait, [in_flight])[0]

    def column(self, wait: float, in_flight: Sequence[int]) -> list[float]:
        """Return `times` for each of these numbers of requests in flight."""
        both = zip(self.first.throughputs(wait, in_flight), self.second.throughputs(wait, in_flight), strict=True)
        return [second / first for first, second in both]


def sides(results: Results) -> list[Side]:
    """Return the services of a run whose throughput is known at every wait, in the order of the run."""
    if results.options.scenario == MIXED:
        return []
    return [
        Side(each, each.demand, results.options.wait)
        for each in results.contenders
        if each.demand and each.demand.calibrated and each.demand.wait and each.demand.patience is None
    ]


def differing(results: Results) -> Pair | None:
    """Return a blocking and a non-blocking service of a run, PREFERRED or the first ones with threads; None without."""
    kinds: dict[str, list[Side]] = {}
    for each in sides(results):
        kinds.setdefault(each.contender.kind, []).append(each)
    if not {"blocking", "non-blocking"} <= kinds.keys():
        return None
    blocking = min(kinds["blocking"], key=lambda each: (each.name not in PREFERRED, each.contender.threads == 1))
    return Pair(blocking, min(kinds["non-blocking"], key=lambda each: each.name not in PREFERRED))


def growths(pair: Pair, table: Sequence[Row]) -> list[tuple[Side, Growth | None]]:
    """Return the memory by requests in flight of both services, from conclusive rows."""
    held = [row for row in table if row.holds]
    return [
        (side, growth([row for row in held if row.service == side.name], side.contender.slots))
        for side in (pair.first, pair.second)
    ]


def rule(pair: Pair, example: float = EXAMPLE) -> list[str]:
    """Return where the second service carries more than the first, and how much at the wait `example`."""
    first, second = sorted((pair.first, pair.second), key=lambda side: side.runs_out(LONGEST).throughput)
    limits = [side.runs_out(LONGEST).throughput for side in (first, second)]
    if limits[1] <= (1 + ALIKE) * limits[0]:
        return [_alike(pair), _example(pair, example)]
    return [_gain(first, second), _example(Pair(first, second), example)]


def headline(pair: Pair) -> str:
    """Return at which waits the second service pays, in one short sentence without its period."""
    first, second = sorted((pair.first, pair.second), key=lambda side: side.runs_out(LONGEST).throughput)
    turn = first.turn()
    if second.runs_out(LONGEST).throughput <= (1 + ALIKE) * first.runs_out(LONGEST).throughput or turn >= LONGEST:
        return rule(pair)[0].removesuffix(".")
    verb = plural_of(first.runs_out(LONGEST).capacity, "is", "are")
    taken = f"once the {first.resource(LONGEST)} of {first.name} {verb} taken"
    if turn <= SHORTEST:
        return f"{second.name} pays at every wait, {taken}"
    times = second.runs_out(SHORTEST).throughput / first.runs_out(SHORTEST).throughput
    shorter = "as much" if abs(times - 1) <= ALIKE else f"{times:.1f} times as much"
    over = f"{second.name} pays with waits over {_about(turn)}, {taken}"
    return f"{over}; with shorter ones only its handler counts: {shorter}"


def _gain(less: Side, more: Side) -> str:
    """Return the rule if `more` carries more than `less` where waits are long."""
    turn = less.turn()
    verb = plural_of(less.runs_out(LONGEST).capacity, "is", "are")
    taken = f"{more.name} gains from the point where the {less.resource(LONGEST)} of {less.name} {verb} taken"
    if turn <= SHORTEST:
        return f"At every wait {taken}."
    if turn >= LONGEST:
        return f"At every wait up to {LONGEST:g} s {_saved(less, more)}, and nothing from waiting."
    return f"Under {_about(turn)} of wait {_saved(less, more)}, and nothing from waiting; above, {taken}."


def _about(seconds: float) -> str:
    """Return a computed time with the two digits that can be trusted."""
    return f"about {float(f'{seconds * 1000:.2g}'):g} ms" if seconds < 1 else f"about {seconds:.1f} s"


def _saved(less: Side, more: Side) -> str:
    """Return what the CPU times of the two handlers make of the throughput, where waits are short."""
    times = more.runs_out(SHORTEST).throughput / less.runs_out(SHORTEST).throughput
    if more.resource(SHORTEST) != CPU:
        return f"{more.name} carries {times:.1f} times as much, within the limit of its {more.resource(SHORTEST)}"
    if times > 1 + ALIKE:
        shortest = f"{times:.1f} times with a wait of {SHORTEST * 1000:g} ms"
        return f"{more.name} gains what its cheaper handler saves, {shortest}"
    if times < 1 - ALIKE:
        return f"{more.name} loses what its dearer handler costs: it carries {times:.1f} times as much"
    return f"{more.name} gains nothing from its handler, which costs as much CPU time"


def _alike(pair: Pair) -> str:
    """Return the rule if both carry the same where waits are long."""
    times = pair.second.runs_out(SHORTEST).throughput / pair.first.runs_out(SHORTEST).throughput
    held = [f"{side.name}: {side.resource(LONGEST)}" for side in (pair.first, pair.second)]
    if {side.resource(LONGEST) for side in (pair.first, pair.second)} == {CPU}:
        return f"Neither gains from waiting: {pair.second.name} carries {times:.1f} times as much at every wait."
    return (
        f"Neither gains from waiting, because as many requests can wait in both ({'; '.join(held)}). With a wait of "
        f"{duration(SHORTEST * 1000)} {pair.second.name} carries {times:.1f} times as much."
    )


def _example(pair: Pair, wait: float) -> str:
    """Return how much more the second service carries at one wait: with 1 request in flight, and where limits are."""
    ends = {side.name: round(side.full(wait)) for side in (pair.first, pair.second) if side.full(wait) < MOST}
    one, *more = [f"{pair.times(wait, users):.1f} times" for users in sorted({1, *ends.values()})]
    told = [f"{times} with {users:,}" for times, users in zip(more, sorted({*ends.values()} - {1}), strict=True)]
    full = [f"{name} from {end:,}" for name, end in ends.items()]
    return (
        f"With a wait of {duration(wait * 1000)} and 1 request in flight {pair.second.name} serves {one} as many "
        f"requests as {pair.first.name}{''.join(f', {each}' for each in told)}."
        + (f" More in flight only queue: in {' on, in '.join(full)} on." if full else "")
    )


def remembered(found: Sequence[tuple[Side, Growth | None]], memory: int) -> str:
    """Return in words how much memory a request takes, and how many requests fill `memory` bytes."""
    told = []
    for side, grown in found:
        if grown is None:
            told.append(f"{side.name}: unknown, its memory hardly grew in what was measured")
            continue
        size, slots = f"{grown.each / 1024:.0f} KiB for each request in flight", side.contender.slots
        if slots is not None and slots < grown.full(memory):
            told.append(f"{side.name}: {size}, until its {slots} slots are taken")
        else:
            most = float(f"{grown.full(memory):.2g}")
            told.append(f"{side.name}: {size}, so that {memory / 2**30:.1f} GiB are enough for about {most:,.0f}")
    return f"Memory: {'; '.join(told)}."
