from collections.abc import Sequence
from typing import Any

import pytest

from loadtest.results.advice import Advice, Costs
from loadtest.results.schema import Step
from loadtest.verdict.aggregate import rows
from loadtest.verdict.bounds import OWN_LIMIT
from loadtest.verdict.inferred import demand, infer
from loadtest.verdict.need import advise, told
from loadtest.workload.demand import CPU, USERS, Limit
from loadtest.workload.need import Need
from tests.loadtest.support.fabricated import contender, measured, results, step

MiB = 2**20

COSTS = Costs(thread=100_000, coroutine=5_000)


def seen(users: int, per_second: float, bound: str = USERS, **changes: Any) -> Step:
    known: dict[str, Any] = {"server_cpu": per_second * 0.001, "connections": [5], **changes}
    window = measured(users, users / per_second, 60.0, **known)
    return step("mine", users, measured=window, bound=bound)


def of_slots(slots: int, **changes: Any) -> list[Step]:
    """Return the steps of a service that serves so many requests at once, each for 100 ms with 1 ms of CPU time."""
    return [
        seen(each, min(each, slots) * 10, OWN_LIMIT if each > slots else USERS, **changes) for each in (1, 10, 40, 160)
    ]


def advised(steps: Sequence[Step], need: Need, costs: Costs = COSTS, **known: Any) -> Advice:
    """Return the advice by these steps. `known`: what its file says, and whether its server runs an event loop."""
    table = rows(results(steps))
    found = infer(table, blocks=known.get("blocks", False))
    assert found is not None
    slots = known.get("slots")
    service = contender("mine", inferred=found, demand=demand(found, slots, known.get("pools", [])), slots=slots)
    advice = advise(service, table, need, costs)
    assert (advice.service, advice.need) == ("mine", need.label)
    asked, _, answer = advice.sentence.partition("? ")
    assert asked == f"Should mine go async for {need.label}"
    return advice.model_copy(update={"sentence": answer})


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtest.workload.sampled.REQUESTS", 4_000)


POOL = Limit("database pool", 5, 0.05)

FULL = [seen(1, 10), *(seen(each, 400, CPU, server_cpu=0.4, processes_cpu=[0.95]) for each in (100, 200))]
"""Steps of a service whose CPU is full before its requests compute all the time."""


def test_the_answer_depends_on_what_is_in_the_way() -> None:
    busy = {"processes_cpu": [0.95]}
    computes = [seen(1, 90, server_cpu=0.85), *(seen(each, 100, CPU, server_cpu=0.95, **busy) for each in (10, 40))]
    changing = [seen(1, 10), seen(10, 80, OWN_LIMIT), seen(40, 95, OWN_LIMIT)]
    few = [seen(1, 10), seen(10, 100)]
    as_it_is = "No: it carries that as it is (predicted p99 10"
    cases: Sequence[tuple[list[Step], Need, dict[str, Any], str]] = (
        (of_slots(8), Need(rate=10), {}, as_it_is),
        (of_slots(8), Need(users=8), {}, as_it_is),
        (of_slots(200), Need(rate=300), {}, as_it_is),  # up to 160 users no step shows a limit
        (few, Need(rate=30), {}, as_it_is),
        (changing, Need(rate=10), {"slots": 8}, as_it_is),
        (of_slots(5), Need(rate=10), {"pools": [POOL]}, as_it_is),
        (of_slots(8), Need(users=12), {}, "No: 4 more threads do, for 0.4 MiB (predicted p99 100 ms)."),
        (of_slots(8), Need(users=9), {}, "No: 1 more thread does, for 0.1 MiB (predicted p99 100 ms)."),
        (of_slots(8, memory=None), Need(users=12), {}, "No: 4 more threads do (predicted p99 100 ms)."),
        (of_slots(8), Need(users=90), {}, "No: 80 more threads in 2 processes do, for 106.9 MiB (predicted p99 "),
        (
            FULL,
            Need(rate=1000),
            {},
            "No: it lacks CPU time, not threads. It takes 2 processes, each with a core (predicted p99 ",
        ),
        (
            FULL,
            Need(rate=500),
            {},
            "No: it lacks CPU time, not threads. It takes 1 process with a core to itself (predi",
        ),
        (
            FULL,
            Need(users=150),
            {},
            "No: it lacks CPU time, not threads. It takes 3 processes, each with a core (predicted p99 ",
        ),
        (
            of_slots(8),
            Need(rate=45_000),
            {},
            "Yes: a coroutine each in 65 processes would carry it (predicted p99 100 ms), and no number of threads "
            "tried does.",
        ),
        (
            of_slots(8),
            Need(users=400),
            {"costs": Costs(thread=MiB, coroutine=5_000)},
            "Yes, for the memory: 64 threads in each of 6 processes would take 936.0 MiB, a coroutine each in 6 "
            "processes 601.9 MiB.",
        ),
        *(
            (
                computes,
                need,
                {},
                "No: 86% of the time of a request is CPU time, of which async saves nothing. It takes "
                f"{processes} processes, each with a core.",
            )
            for need, processes in ((Need(rate=200), 3), (Need(users=50), 62))
        ),
        (
            of_slots(1, processes_cpu=[0.1]),
            Need(rate=300),
            {"blocks": True},
            "It blocks its event loop: await what blocks it, or move that to threads, and a coroutine each in 1 "
            "process would carry it (predicted p99 102 ms).",
        ),
        *(
            (
                steps,
                Need(rate=300),
                {"pools": [POOL]},
                "No: its database pool is the limit, async or not: 5 connections x 50 ms carry 100/s, and it takes 15.",
            )
            for steps in (of_slots(5), few, changing)
        ),
        (
            changing,
            Need(rate=300),
            {},
            "That cannot be told: its limit is unknown, because throughput still changes with the users, from 80.0/s "
            "to 95.0/s.",
        ),
        (
            few,
            Need(rate=300),
            {},
            "That cannot be told: its limit is unknown, because no conclusive step shows one, up to 10 users. The load "
            "takes about 30 requests at once, and room for bursts: add more to --users.",
        ),
    )
    for steps, need, changes, answer in cases:
        told = advised(steps, need, **changes)
        assert told.sentence.startswith(answer), (need, told.proposals)
        assert told.sentence.endswith((answer, " ms)."))
        if told.proposals:
            assert answer.startswith("No: it carries") is told.proposals[0].enough
            assert told.proposals[-1].enough


def test_each_way_to_serve_a_load_is_proposed_with_its_cost() -> None:
    def proposed(steps: Sequence[Step], need: Need) -> list[tuple[str, int | None, int | None, bool]]:
        return [(each.what, each.processes, each.slots, each.enough) for each in advised(steps, need).proposals]

    assert proposed(of_slots(8), Need(users=12)) == [
        ("as it is", 1, 8, False),
        ("12 threads in 1 process", 1, 12, True),
        ("12 processes of one thread", 12, 12, True),
        ("a coroutine each in 1 process", 1, None, True),
    ]
    as_is, threads, processes, coroutines = advised(of_slots(8), Need(users=12)).proposals
    assert as_is.throughput == pytest.approx(80, rel=0.01)
    assert as_is.p99 == pytest.approx(0.15, rel=0.2)
    for each, memory in ((as_is, 0), (threads, 4 * 100_000), (processes, 11 * 100 * MiB), (coroutines, 12 * 5_000)):
        assert each.memory == 100 * MiB + memory
        assert each.cores == pytest.approx(each.throughput * 0.001)
    assert told(coroutines) == ["120", "100", "100.1", "0.12", "yes"]
    unknown = advised(of_slots(8, memory=None, server_cpu=None), Need(rate=200)).proposals[0]
    assert told(unknown) == ["79.7", "grows", "-", "-", "no"]
    for need, cells in ((Need(rate=600), ["400", "grows"]), (Need(users=150), ["400", "375"])):
        seen_at_most = advised(FULL, need).proposals[0]  # by its CPU time alone it would carry 1000/s
        assert (told(seen_at_most)[:2], seen_at_most.enough) == (cells, False)
    computes = [seen(1, 100, CPU, server_cpu=0.99), seen(10, 100, CPU, server_cpu=0.99)]
    assert [each[0] for each in proposed(computes, Need(users=3))] == [
        "as it is",
        "1 thread in each of 5 processes",  # and no second time as processes of one thread
        "a coroutine each in 5 processes",
    ]


def test_a_percentile_from_few_requests_is_called_rough() -> None:
    rough = "The p99 is rough: one user sent 499 requests; longer --seconds give more."
    for requests, note in ((499, rough), (500, "")):
        alone = seen(1, 10, latency={100.0: requests})
        assert advised([alone, *of_slots(8)[1:]], Need(users=8)).note == note


def test_without_a_conclusive_step_of_one_user_the_question_is_still_answered() -> None:
    advice = advise(contender("mine"), [], Need(rate=300), COSTS)
    assert advice.proposals == []
    assert advice.sentence == (
        "Should mine go async for 300 requests/s? That cannot be told: no step of 1 user is conclusive, so how long a "
        "request waits is unknown."
    )


def test_processes_that_cannot_be_seen_are_not_counted() -> None:
    ways = {}
    for seen_by, changes in (("this machine", {}), ("nobody", {"connections": None})):
        ways[seen_by] = [each.what for each in advised(of_slots(8, **changes), Need(rate=200)).proposals]
    threads = ways["nobody"][1]
    assert threads.endswith(" threads")
    assert ways["nobody"][-1] == "a coroutine each"
    assert (ways["this machine"][1], ways["this machine"][-1]) == (
        f"{threads} in 1 process",
        "a coroutine each in 1 process",
    )
