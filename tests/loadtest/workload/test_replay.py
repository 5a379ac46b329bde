"""Tests of the replay against queueing theory, against small queues by hand, and against a simulation by events."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from heapq import heappop, heappush
from itertools import accumulate, count, islice, pairwise
from math import exp, factorial
from random import Random
from statistics import mean

import pytest

from loadtest.workload.demand import ADMISSION, CPU, LOOPS, SLOTS, Demand, Limit
from loadtest.workload.open import Open
from loadtest.workload.replay import Passage, replay
from tests.loadtest.support.fabricated import slots

POOL = "database pool"
D = 0.1
"""Seconds for which a request holds a slot in the queues of theory."""

MANY = 100_000


def queue(servers: int) -> Demand:
    """Return the demand of a request that holds one of some slots for D seconds, and nothing else."""
    return Demand(D, slots(servers, D))


def waits(servers: int, load: float, seed: int = 1) -> list[float]:
    """Return how long requests wait for a slot, if Poisson arrivals use the slots to the share `load`."""
    schedule = Open(load * servers / D, seed=seed).schedule(1)
    return [left - arrived - D for arrived, left, _ in replay(islice(schedule, MANY), queue(servers))]


@pytest.mark.parametrize(("load", "tolerance"), [(0.3, 0.02), (0.5, 0.02), (0.8, 0.05)])
def test_with_one_slot_the_mean_wait_is_that_of_pollaczek_and_khinchine(load: float, tolerance: float) -> None:
    # M/D/1: load D / 2 (1 - load); F. Pollaczek, "Über eine Aufgabe der Wahrscheinlichkeitstheorie", Mathematische
    # Zeitschrift 32, 1930
    assert mean(waits(1, load)) == pytest.approx(load * D / (2 * (1 - load)), rel=tolerance)


def at_most(moment: float, load: float) -> float:
    """Return the probability that a request waits at most `moment` seconds for a single slot (M/D/1).

    A. K. Erlang, "The Theory of Probabilities and Telephone Conversations", Nyt Tidsskrift for Matematik B 20, 1909.
    """
    terms = ((load * (number - moment / D), number) for number in range(int(moment / D + 1e-9) + 1))
    return (1 - load) * sum(exp(-term) * term**number / factorial(number) for term, number in terms)


@pytest.mark.parametrize("load", [0.3, 0.5, 0.7])
def test_with_one_slot_waits_are_distributed_as_erlang_found(load: float) -> None:
    assert at_most(0.0, load) == pytest.approx(1 - load)
    found = waits(1, load)
    for moment in (0.0, 0.02, 0.05, 0.09, 0.11, 0.15, 0.2, 0.3, 0.4):
        share = sum(wait <= moment + 1e-9 for wait in found) / MANY
        assert share == pytest.approx(at_most(moment, load), abs=0.01)


def mean_wait(servers: int, load: float) -> float:
    """Return the mean wait for one of several slots (M/D/c), from the Markov chain of the system at multiples of D.

    Whatever is served at a moment has left D seconds later, and whatever arrived meanwhile has not (C. D. Crommelin,
    "Delay Probability Formulae When the Holding Times are Constant", Post Office Electrical Engineers' Journal 25,
    1932).
    """
    most = 40 * servers
    offered = load * servers
    poisson = list(accumulate(range(1, most), lambda share, number: share * offered / number, initial=exp(-offered)))
    state = [1.0] + [0.0] * (most - 1)
    for _ in range(400):
        left = [sum(state[: servers + 1]), *state[servers + 1 :]]
        state = [sum(left[k] * poisson[n - k] for k in range(min(n + 1, len(left)))) for n in range(most)]
    assert sum(state) == pytest.approx(1, abs=1e-6)
    queued = sum(max(0, n - servers) * share for n, share in enumerate(state))
    return queued / (offered / D)  # Little's law


def test_the_chain_of_one_slot_is_pollaczeks_and_khinchines_formula() -> None:
    assert mean_wait(1, 0.7) == pytest.approx(0.7 * D / (2 * 0.3), rel=1e-4)


@pytest.mark.parametrize(("servers", "load", "tolerance"), [(2, 0.5, 0.03), (2, 0.8, 0.05), (4, 0.7, 0.05)])
def test_with_several_slots_the_mean_wait_is_that_of_crommelin(servers: int, load: float, tolerance: float) -> None:
    assert mean(waits(servers, load)) == pytest.approx(mean_wait(servers, load), rel=tolerance)


def test_more_slots_at_the_same_load_wait_less() -> None:
    assert mean(waits(8, 0.8)) < 0.5 * mean(waits(2, 0.8))


@pytest.mark.parametrize(
    ("demand", "takes"),
    [
        (Demand(0.2), 0.2),
        (Demand(0.2, slots(3, 0.2)), 0.2),
        (Demand(0.2, (Limit(CPU, 1, 0.01),), late=0.003, transit=0.002, beside=0.001, calibrated=True), 0.215),
        (Demand(0.0, (Limit(CPU, 2, 0.1),)), 0.1),
        (Demand(0.2, (*slots(3, 0.21), Limit(CPU, 1, 0.01), Limit(POOL, 2, 0.2))), 0.21),
        (Demand(0.2, admission=Limit(ADMISSION, 1, 0.2)), 0.2),
    ],
)
def test_a_request_that_finds_an_empty_service_queues_for_nothing(demand: Demand, takes: float) -> None:
    assert takes == pytest.approx(demand.alone)
    for passage in replay((float(number) for number in range(5)), demand):
        assert passage.served
        assert passage.left - passage.arrived == pytest.approx(takes)


def test_without_arrivals_nothing_passes() -> None:
    assert list(replay([], queue(1))) == []


def test_arrivals_without_an_end_are_replayed_one_by_one() -> None:
    assert len(list(islice(replay(map(float, count()), queue(1)), 3))) == 3


@pytest.mark.parametrize("servers", [1, 3, 5])
def test_even_arrivals_at_less_than_the_capacity_never_wait(servers: int) -> None:
    schedule = islice(Open(0.999 * servers / D, "even").schedule(1), 1000)
    assert max(left - arrived for arrived, left, _ in replay(schedule, queue(servers))) == pytest.approx(D)


def test_even_arrivals_at_twice_the_capacity_wait_longer_and_longer() -> None:
    schedule = islice(Open(2 * 3 / D, "even").schedule(1), 3000)
    took = [left - arrived for arrived, left, _ in replay(schedule, queue(3))]
    # number n takes the slot of number n - 3, which began D before it is free and D / 2 before the arrival of n
    assert took == pytest.approx([D + D / 2 * (n // 3) for n in range(3000)])


def test_those_who_arrive_together_are_served_in_their_order() -> None:
    taken = list(replay([1.0] * 5, queue(2)))
    assert [passage.left for passage in taken] == pytest.approx([1.1, 1.1, 1.2, 1.2, 1.3])


def test_one_who_arrives_just_as_a_slot_becomes_free_takes_it() -> None:
    assert [passage.left for passage in replay([1.0, 1.5, 2.0], Demand(0.5, slots(1, 0.5)))] == [1.5, 2.0, 2.5]


def lefts(demand: Demand, *arrivals: float) -> list[float]:
    return [passage.left for passage in replay(arrivals, demand)]


def test_a_slot_is_held_while_the_request_computes_and_waits_for_a_pool_and_waits() -> None:
    resources = (*slots(2, 1.1), Limit(CPU, 1, 0.1), Limit(POOL, 1, 1.0))
    # 1: computes to 0.1, waits to 1.1. 2: computes to 0.2, queues for the pool to 1.1, waits to 2.1.
    # 3: a slot at 1.1, computes to 1.2, the pool at 2.1, leaves at 3.1
    assert lefts(Demand(1.0, resources), 0.0, 0.0, 0.0) == pytest.approx([1.1, 2.1, 3.1])


def test_a_slot_comes_before_the_cpu_and_the_cpu_before_the_pool() -> None:
    # without a slot nothing computes: the second request starts to compute when the first has left
    assert lefts(Demand(1.0, (*slots(1, 1.5), Limit(CPU, 1, 0.5))), 0.0, 0.0) == pytest.approx([1.5, 3.0])
    # who computes holds no connection: the second computes while the first waits
    assert lefts(Demand(1.0, (Limit(POOL, 1, 1.0), Limit(CPU, 1, 0.5))), 0.0, 0.0) == pytest.approx([1.5, 2.5])


def test_an_event_loop_is_held_as_a_slot_is() -> None:
    held = Demand(0.2, (Limit(LOOPS, 1, 0.2),))
    assert lefts(held, 0.0, 0.0, 0.1) == pytest.approx([0.2, 0.4, 0.6])


def test_a_connection_may_be_held_for_a_part_of_the_wait() -> None:
    assert lefts(Demand(1.0, (Limit(POOL, 1, 0.4),)), 0.0, 0.0, 0.0) == pytest.approx([1.0, 1.4, 1.8])


def test_the_way_to_the_service_and_back_occupies_nothing_of_it() -> None:
    far = replace(queue(1), transit=0.5)
    assert lefts(far, 0.0, 0.0) == pytest.approx([D + 0.5, 2 * D + 0.5])


def admitting(most: int, of_slots: int | None = None, cpu: float = 0.0) -> Demand:
    """Return the demand of a request that waits 1 s on a service that admits `most` requests at once."""
    computing = (Limit(CPU, 1, cpu),) if cpu else ()
    return Demand(1.0, (*slots(of_slots, 1.0 + cpu), *computing), admission=Limit(ADMISSION, most, 1.0))


def fates(demand: Demand, *arrivals: float) -> str:
    """Return s for every request that is served, and r for every one that is refused."""
    return "".join("s" if passage.served else "r" for passage in replay(arrivals, demand))


def test_as_many_requests_as_the_service_admits_wait_and_the_next_is_refused_at_once() -> None:
    assert fates(admitting(3), 0.0, 0.1, 0.2, 0.3, 0.99, 1.0, 1.05, 1.1, 1.15) == "sssrrsrsr"
    refused = next(passage for passage in replay([0.0, 0.1, 0.2, 0.3], admitting(3)) if not passage.served)
    assert refused == Passage(0.3, 0.3, served=False)


def test_a_service_with_more_slots_than_it_admits_refuses_and_one_with_fewer_lets_them_queue() -> None:
    arrivals = [number / 100 for number in range(10)]
    assert fates(admitting(3, of_slots=4), *arrivals) == "sssrrrrrrr"
    assert fates(admitting(3, of_slots=3), *arrivals) == "ssssssssss"
    assert fates(admitting(4, of_slots=3), *arrivals) == "ssssssssss"


def test_refusing_takes_cpu_time_and_comes_after_the_queue_for_it() -> None:
    taken = list(replay([0.0, 0.0, 0.0], admitting(1, of_slots=8, cpu=0.1)))
    assert [passage.served for passage in taken] == [True, False, False]
    assert [passage.left for passage in taken] == pytest.approx([1.1, 0.2, 0.3])


def test_a_refused_request_gives_its_slot_back() -> None:
    taken = list(replay([0.0, 0.1, 0.2, 1.5], admitting(1, of_slots=2)))
    assert [passage.left for passage in taken] == pytest.approx([1.0, 0.1, 0.2, 2.5])


def test_a_part_of_a_service_has_its_part_of_everything() -> None:
    whole = Demand(
        0.2, (*slots(64, 0.2), Limit(CPU, 2, 0.01), Limit(POOL, 1, 0.2)), admission=Limit(ADMISSION, 32, 0.2)
    )
    part = whole.part(2)
    assert [(limit.name, limit.capacity) for limit in part.limits] == [(SLOTS, 32), (CPU, 1), (POOL, 1)]
    assert [limit.held for limit in part.limits] == [limit.held for limit in whole.limits]
    assert part.admission == Limit(ADMISSION, 16, 0.2)
    assert queue(4).part(1) == queue(4)


def by_events(arrivals: Sequence[float], stages: Sequence[tuple[int, float]], slots_: int, wait: float) -> list[float]:
    """Return when each request leaves, by a simulation of events: a slot, then the stages, each with a queue.

    `stages`: numbers of servers, and seconds for which a request holds one. The wait begins with the last stage.
    """
    events: list[tuple[float, int, str, int]] = []
    numbers = count()
    capacities = [slots_, *(servers for servers, _ in stages)]
    queues: list[deque[int]] = [deque() for _ in capacities]
    left = [0.0] * len(arrivals)

    def happens(moment: float, what: str, request: int) -> None:
        heappush(events, (moment, next(numbers), what, request))

    def enters(now: float, place: int) -> None:
        while capacities[place] and queues[place]:
            capacities[place] -= 1
            request = queues[place].popleft()
            if place:
                happens(now + stages[place - 1][1], f"free {place}", request)
            if place == len(stages):
                happens(now + wait, "left", request)
            elif place == 0:
                queues[1].append(request)
                enters(now, 1)

    for request, moment in enumerate(arrivals):
        happens(moment, "arrives", request)
    while events:
        now, _, what, request = heappop(events)
        if what == "arrives":
            queues[0].append(request)
            enters(now, 0)
        elif what == "left":
            left[request] = now
            capacities[0] += 1
            enters(now, 0)
        else:
            place = int(what.removeprefix("free "))
            capacities[place] += 1
            enters(now, place)
            if place < len(stages):
                queues[place + 1].append(request)
                enters(now, place + 1)
    return left


@pytest.mark.parametrize("seed", range(20))
def test_the_replay_is_a_simulation_by_events(seed: int) -> None:
    random = Random(seed)
    threads, processors, pool = random.randint(2, 12), random.randint(1, 3), random.randint(1, 6)
    work, wait = random.uniform(0.001, 0.05), random.uniform(0.05, 0.3)
    slowest = min(threads / (work + wait), processors / work, pool / wait)
    rate = random.uniform(0.6, 1.3) * slowest
    arrivals = list(accumulate(random.expovariate(rate) for _ in range(400)))
    limits = (*slots(threads, work + wait), Limit(CPU, processors, work), Limit(POOL, pool, wait))
    taken = replay(arrivals, Demand(wait, limits))
    expected = by_events(arrivals, [(processors, work), (pool, wait)], threads, wait)
    assert [passage.left for passage in taken] == pytest.approx(expected)


def test_nobody_overtakes_and_nobody_leaves_before_its_time() -> None:
    limits = (*slots(8, 0.06), Limit(CPU, 2, 0.01), Limit(POOL, 4, 0.05))
    taken = list(replay(islice(Open(70).schedule(1), 5000), Demand(0.05, limits)))
    assert all(earlier.left <= later.left for earlier, later in pairwise(taken))
    assert min(passage.left - passage.arrived for passage in taken) >= 0.06 - 1e-9


def test_the_longest_queue_is_worked_off_at_the_capacity() -> None:
    assert max(lefts(queue(5), *[0.0] * 100)) == pytest.approx(100 / 5 * D)
