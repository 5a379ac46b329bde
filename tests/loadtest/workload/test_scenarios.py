import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from contract.operations import OPERATIONS
from contract.replies import NO_HEADERS
from contract.settings import Settings
from loadtest.contenders.service import Service, lineup
from loadtest.workload.closed import Closed
from loadtest.workload.demand import ADMISSION, CPU, Demand, Limit
from loadtest.workload.scenarios import (
    ABOUT,
    DAY,
    MIXED,
    SCENARIOS,
    SLOW_CLIENTS,
    Scenario,
    asked_for,
    calibrates,
    computes,
    day,
    demand,
    longest,
    needs,
    patience,
    patience_needed,
    sentence,
)
from tests.loadtest.support.fabricated import calibration

KNOWN = lineup(2)

LEFT_OUT = {
    "index": "waits for nothing",
    "openapi": "waits for nothing",
    "favicon": "waits for nothing",
    "metrics": "waits for nothing",
    "answer": "is the request of the person in scenario ask",
    "barrier": "waits for other requests in the same process: a proof of concurrency, not a load",
}
"""The endpoints without a scenario, with the reason."""

TAGS = """
import json
from loadtest.generator.users import TwinUser
print(json.dumps([[task.__name__, sorted(task.locust_tag_set)] for task in TwinUser.tasks]))
"""


def operation(name: str) -> Any:
    """Return the operation that a scenario requests."""
    return next(each for each in OPERATIONS if each.name == (SCENARIOS[name].endpoint if name in SCENARIOS else name))


def test_every_endpoint_that_waits_is_a_scenario_or_is_left_out_for_a_reason() -> None:
    asked = SCENARIOS.keys() - {SLOW_CLIENTS}  # requests /delay
    assert sorted([*asked, *LEFT_OUT]) == sorted(each.name for each in OPERATIONS)
    assert all(operation(name).waits_for == "nothing" for name, why in LEFT_OUT.items() if why == "waits for nothing")


def test_every_scenario_has_a_task_of_its_own_tag_in_locust() -> None:
    ran = subprocess.run([sys.executable, "-c", TAGS], capture_output=True, text=True, check=True, timeout=60)
    assert sorted(json.loads(ran.stdout)) == sorted([name, [name]] for name in ABOUT)


def test_what_can_be_chosen_is_every_scenario_and_the_mixed_day() -> None:
    assert ABOUT.keys() == {*SCENARIOS, MIXED}
    assert DAY.keys() <= SCENARIOS.keys()
    assert sum(DAY.values()) == 100
    for name, weight in DAY.items():
        assert f"{name} {weight}" in ABOUT[MIXED]


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
@pytest.mark.parametrize("share", [0.0001, 0.01, 0.033, 0.1, 0.5, 1.0], ids="{:.2%}".format)
def test_what_is_asked_for_is_what_the_contract_takes(scenario: Scenario, share: float) -> None:
    delay = round(share * longest(scenario.name), 4)
    target = scenario.target.format(delay=f"{delay}s", question="0" * 32, patience=patience(delay))
    asked = operation(scenario.name).parse(target, NO_HEADERS, Settings())
    if scenario.foretold and scenario.waits and not scenario.waits_for_requests:
        assert delay in (getattr(asked, "delay", None), getattr(asked, "duration", None))


@pytest.mark.parametrize(
    ("delay", "seconds"), [(0.001, 1.0), (0.1, 1.0), (0.25, 2.5), (1.0, 10.0), (2.0, 10.0), (10.0, 10.0)]
)
def test_an_asker_waits_much_longer_than_a_person_takes_and_no_longer_than_may_be(delay: float, seconds: float) -> None:
    assert patience(delay) == pytest.approx(seconds)
    assert patience(delay) <= Settings().max_duration


@pytest.mark.parametrize(("name", "seconds"), [("delay", 10.0), ("fanout", 2.0), ("ask", 10.0), (MIXED, 10.0)])
def test_the_longest_delay_is_that_of_which_all_waits_fit_into_one_request(name: str, seconds: float) -> None:
    assert longest(name) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        *(
            (name, set())
            for name in ("delay", "fanout", "file", "drip", "sse", "blocking", "offload", "cpu", "healthz")
        ),
        ("fetch", {"upstream"}),
        ("query", {"database"}),
        ("ask", {"database"}),
        (MIXED, {"database", "upstream"}),
    ],
)
def test_a_scenario_says_what_has_to_be_behind_the_services(name: str, needed: set[str]) -> None:
    assert needs(name) == needed


FLASK, THREADS, GEVENT, AIOHTTP = ("flask", "flask-threads", "flask-gevent", "aiohttp")
DATABASE, UPSTREAM = "database pool", "upstream pool"


def limits(**capacities: int) -> dict[str, int]:
    return {name.replace("_", " "): capacity for name, capacity in capacities.items()}


LOADS: list[tuple[str, str, float, dict[str, int]]] = [
    *((name, FLASK, 0.1, limits(slots=5)) for name in ("delay", "ask", "drip", "sse", "blocking", "offload")),
    *((name, THREADS, 0.1, limits(slots=64)) for name in ("delay", "ask", "drip", "sse", "blocking", "offload")),
    # gevent makes the blocking calls of Flask's code cooperative, including blocking and offload
    *((name, GEVENT, 0.1, {}) for name in ("delay", "ask", "drip", "sse", "blocking", "offload")),
    *((name, AIOHTTP, 0.1, {}) for name in ("delay", "ask", "drip", "sse")),
    ("fanout", FLASK, 0.5, limits(slots=5)),
    ("fanout", THREADS, 0.5, limits(slots=64)),
    ("fanout", GEVENT, 0.5, {}),
    ("fanout", AIOHTTP, 0.1, {}),
    ("fetch", FLASK, 0.1, limits(slots=5, upstream_pool=50)),
    ("fetch", THREADS, 0.1, limits(slots=64, upstream_pool=20)),
    ("fetch", GEVENT, 0.1, limits(upstream_pool=20)),
    ("fetch", AIOHTTP, 0.1, limits(upstream_pool=20)),
    ("query", FLASK, 0.1, limits(slots=5, database_pool=50)),
    ("query", THREADS, 0.1, limits(slots=64, database_pool=20)),
    ("query", GEVENT, 0.1, limits(database_pool=20)),
    ("query", AIOHTTP, 0.1, limits(database_pool=20)),
    ("blocking", AIOHTTP, 0.1, limits(event_loops=2)),
    ("offload", AIOHTTP, 0.1, limits(threads=64)),
    *(("cpu", name, 0.1, limits(CPU=2)) for name in (FLASK, THREADS, GEVENT, AIOHTTP)),
]


LIKE = {
    "flask-async": FLASK,
    "django": THREADS,
    "pyramid": THREADS,
    "django-async": AIOHTTP,
    "tornado": AIOHTTP,
    "sanic": AIOHTTP,
    "fastapi": AIOHTTP,
}
"""Services that hold the same resources for the same time as another service."""

LOADS += [
    (name, service, 0.1 if service == "flask-async" else wait, limited)  # flask-async fans out with coroutines
    for service, other in LIKE.items()
    for name, known, wait, limited in LOADS
    if known == other
]


@pytest.mark.parametrize(("name", "service", "wait", "limited"), LOADS, ids=str)
def test_a_request_holds_what_its_kind_of_service_has_for_its_whole_wait(
    name: str, service: str, wait: float, limited: dict[str, int]
) -> None:
    got = demand(name, KNOWN[service], 0.1)
    assert got is not None
    assert got.wait == pytest.approx(0.0 if computes(name) else wait)
    assert got.alone == pytest.approx(wait)
    assert not got.calibrated
    assert {limit.name: limit.capacity for limit in got.limits} == limited
    assert all(limit.held == pytest.approx(wait) for limit in got.limits)
    assert got.patience == (1.0 if name == "ask" else None)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("delay", "every request waits 250ms for a timer"),
        ("fanout", "every request waits for 5 timers, 250ms each"),
        ("file", "every request waits for a disk, to write and read 64 KiB"),
        ("cpu", "every request computes for 250ms (a control)"),
        ("healthz", "requests do not wait; they show the framework's cost (a control)"),
        (MIXED, f"{ABOUT[MIXED]}; delay 250ms"),
    ],
)
def test_a_sentence_says_what_every_request_waits_for_and_how_long(name: str, said: str) -> None:
    assert sentence(name, "250ms") == said


def test_every_scenario_is_foretold_for_every_service_but_the_disk_and_what_a_framework_costs() -> None:
    told = {(name, service) for name, service, *_ in LOADS}
    unknown = ("file", "healthz")
    assert told == {(name, service) for name in SCENARIOS for service in KNOWN if name not in (*unknown, SLOW_CLIENTS)}
    assert {demand(name, service, 0.1) for name in unknown for service in KNOWN.values()} == {None}


def test_the_control_of_what_a_framework_costs_waits_for_nothing_and_is_no_part_of_a_day() -> None:
    assert operation("healthz").waits_for == "nothing"
    assert SCENARIOS["healthz"].target == "/healthz"
    assert "healthz" not in DAY
    assert not computes("healthz")


@pytest.mark.parametrize("name", [FLASK, THREADS, GEVENT, AIOHTTP])
@pytest.mark.parametrize("users", [10, 11, 200, 10_000])
def test_a_pool_of_ten_lets_no_service_do_more_than_100_queries_a_second(name: str, users: int) -> None:
    alone = replace(KNOWN[name], workers=1, pool_size=10)
    got = demand("query", alone, 0.1)
    assert got is not None
    assert Closed(users).predict(got).throughput <= 100
    if name != FLASK:  # flask's single slot is tighter
        assert Closed(10_000).predict(got).bound == DATABASE


@pytest.mark.parametrize(
    ("change", "limited"),
    [
        ({"workers": 1}, limits(threads=32)),
        ({"threads": 8}, limits(threads=16)),
        ({"workers": 3, "threads": 5, "pool_size": 1}, limits(threads=15)),
    ],
)
def test_the_threads_of_a_repair_are_those_of_all_processes(change: dict[str, int], limited: dict[str, int]) -> None:
    got = demand("offload", replace(KNOWN[AIOHTTP], **change), 0.1)  # type: ignore[arg-type] # all values are numbers
    assert got is not None
    assert {limit.name: limit.capacity for limit in got.limits} == limited


@pytest.mark.parametrize("name", ["delay", "query", "ask", MIXED])
@pytest.mark.parametrize(
    ("service", "change", "admitted", "sheds"),
    [
        (THREADS, {}, None, False),
        (THREADS, {"threads": 96, "max_in_flight": 32}, 64, True),
        (THREADS, {"threads": 33, "max_in_flight": 32}, 64, True),
        (THREADS, {"threads": 32, "max_in_flight": 32}, 64, False),
        (THREADS, {"threads": 8, "max_in_flight": 32}, 64, False),
        (FLASK, {"max_in_flight": 1}, 5, False),
        (GEVENT, {"max_in_flight": 32}, 64, True),
        (AIOHTTP, {}, None, False),
        (AIOHTTP, {"workers": 1, "max_in_flight": 32}, 32, True),
    ],
)
def test_each_process_admits_as_many_requests_as_its_in_flight_limit(
    name: str, service: str, change: dict[str, int], admitted: int | None, sheds: bool
) -> None:
    got = demand(name, replace(KNOWN[service], **change), 0.1)  # type: ignore[arg-type] # all values are numbers
    assert got is not None
    assert got.admission == (None if admitted is None else Limit(ADMISSION, admitted, got.wait))
    assert got.sheds == sheds


def test_slow_clients_hold_slots_without_which_nothing_is_free_to_refuse() -> None:
    limited = replace(KNOWN[THREADS], workers=1, threads=40, max_in_flight=32)
    few, many = (demand(SLOW_CLIENTS, limited, 0.1, slow_clients=number) for number in (7, 8))
    assert few is not None
    assert many is not None
    assert (few.sheds, many.sheds) == (True, False)


def test_a_request_that_does_not_wait_is_under_no_in_flight_limit() -> None:
    limited = replace(KNOWN[AIOHTTP], max_in_flight=1)
    got = demand("healthz", limited, 0.1, calibration=calibration(waited=0.0, delay=0.0))
    assert got is not None
    assert (got.admission, got.sheds) == (None, False)


@pytest.mark.parametrize(("workers", "cores"), [(1, 1), (2, 2), (4, 2)])
def test_a_service_computes_on_as_many_cores_as_it_has_processes_and_the_machine_cores(
    workers: int, cores: int
) -> None:
    got = demand("cpu", replace(KNOWN[AIOHTTP], workers=workers), 0.1)
    assert got is not None
    assert got.limits == (Limit(CPU, cores, 0.1),)


@pytest.mark.parametrize(
    ("usable", "workers", "capacity", "held"), [(0.5, 5, 1, 0.2), (1.6, 3, 2, 0.125), (1.6, 1, 1, 0.1)]
)
def test_a_part_of_a_core_computes_for_longer(usable: float, workers: int, capacity: int, held: float) -> None:
    got = demand("cpu", replace(KNOWN[AIOHTTP], workers=workers, cores=usable), 0.1)
    assert got is not None
    assert got.limits == (Limit(CPU, capacity, held),)


@pytest.mark.parametrize("service", KNOWN)
@pytest.mark.parametrize("name", [name for name in ABOUT if name not in ("file", "cpu")])
def test_a_calibration_adds_the_cpu_to_what_is_known_of_a_scenario(name: str, service: str) -> None:
    measured = calibration(delay=asked_for(name, KNOWN[service], 0.01))
    got = demand(name, KNOWN[service], 0.1, calibration=measured)
    assert got is not None
    assert got.cpu == Limit(CPU, 2, 0.001)
    known = demand(name, KNOWN[service], 0.1)
    assert (got.wait, got.patience) == ((known.wait, known.patience) if known else (0.0, None))
    assert [limit.name for limit in got.limits] == [*(limit.name for limit in (known.limits if known else ())), CPU]


def test_a_calibrated_computation_costs_what_was_asked_for_and_what_a_request_costs_besides() -> None:
    measured = calibration(cpu=0.0105, turn=0.0115, waited=0.0, delay=asked_for("cpu", KNOWN[AIOHTTP], 0.01))
    got = demand("cpu", KNOWN[AIOHTTP], 0.1, calibration=measured)
    assert got is not None
    (limit,) = got.limits
    assert (limit.name, limit.capacity) == (CPU, 2)
    assert limit.held == pytest.approx(0.1005)


def test_a_disk_remains_unknown_however_much_is_measured() -> None:
    assert demand("file", KNOWN[AIOHTTP], 0.1, calibration=calibration()) is None


@pytest.mark.parametrize(
    ("name", "service", "slow_clients", "worth"),
    [
        *((name, AIOHTTP, 0, name != "file") for name in ABOUT),
        *((name, FLASK, 0, name != "file") for name in ABOUT),
        (SLOW_CLIENTS, FLASK, 1, False),
        (SLOW_CLIENTS, THREADS, 40, False),
        (SLOW_CLIENTS, GEVENT, 40, True),
        (SLOW_CLIENTS, AIOHTTP, 40, True),
    ],
)
def test_everything_is_calibrated_but_a_disk_and_what_slow_clients_may_bring_to_a_standstill(
    name: str, service: str, slow_clients: int, worth: bool
) -> None:
    assert calibrates(name, KNOWN[service], slow_clients) == worth


@pytest.mark.parametrize(
    ("name", "service", "seconds"),
    [
        ("delay", FLASK, 0.01),
        ("fanout", FLASK, 0.05),
        ("fanout", AIOHTTP, 0.01),
        ("cpu", FLASK, 0.01),
        ("healthz", AIOHTTP, 0.0),
        ("file", AIOHTTP, 0.0),
        (MIXED, AIOHTTP, 0.009),
    ],
)
def test_what_a_calibration_asks_for_is_what_the_contract_promises(name: str, service: str, seconds: float) -> None:
    assert asked_for(name, KNOWN[service], 0.01) == pytest.approx(seconds)


def test_only_of_askers_does_every_request_wait_for_another() -> None:
    assert [name for name in ABOUT if patience_needed(name)] == ["ask"]


def mixed(service: Service, delay: float = 0.1) -> Demand:
    got = demand(MIXED, service, delay)
    assert got is not None
    return got


def test_a_mixed_day_holds_each_thing_for_its_share_of_the_requests() -> None:
    got = mixed(KNOWN[THREADS])
    held = {limit.name: limit.held for limit in got.limits}
    assert got.wait == pytest.approx(0.09)  # without the file, whose wait is unknown: a lower bound
    assert held == {
        "slots": pytest.approx(0.09),
        DATABASE: pytest.approx(0.03),
        UPSTREAM: pytest.approx(0.025),
    }
    assert Closed(1).knee(got) == pytest.approx(20 / 0.03 * 0.09)


def test_on_a_mixed_day_askers_wait_as_long_as_it_takes_and_other_requests_let_answers_in() -> None:
    got = mixed(KNOWN[FLASK])
    assert got.patience is None
    assert Closed(400).predict(got).bound == "slots"


def test_a_mixed_day_holds_no_slots_where_there_are_none() -> None:
    assert [limit.name for limit in mixed(KNOWN[AIOHTTP]).limits] == [DATABASE, UPSTREAM]
    assert mixed(KNOWN[AIOHTTP]).wait == pytest.approx(0.09)


def test_a_day_has_as_many_requests_of_each_kind_as_it_has_weight() -> None:
    assert Counter(day()) == DAY


def test_every_part_of_a_day_has_its_share_of_each_kind() -> None:
    total = sum(DAY.values())
    seen: Counter[str] = Counter()
    for length, name in enumerate(day(), 1):
        seen[name] += 1
        for kind, weight in DAY.items():
            assert abs(seen[kind] - length * weight / total) <= 1, f"{seen} after {length}"


def test_every_day_is_the_same() -> None:
    assert list(day()) == list(day())


@pytest.mark.parametrize(("service", "left"), [("flask", None), ("flask-threads", 24), ("django", 24)])
def test_each_slow_client_holds_a_slot_of_a_blocking_service(service: str, left: int | None) -> None:
    asked = demand(SLOW_CLIENTS, KNOWN[service], 0.1, slow_clients=40)
    assert asked is not None
    predicted = Closed(400).predict(asked)
    if left is None:
        assert (predicted.throughput, predicted.bound, asked.blocked) == (0.0, "slow clients", True)
    else:
        assert predicted.throughput == pytest.approx(left / 0.1)
        assert predicted.bound == "slots"


@pytest.mark.parametrize("service", ["flask-gevent", "aiohttp", "fastapi"])
def test_slow_clients_take_nothing_from_a_non_blocking_service(service: str) -> None:
    assert demand(SLOW_CLIENTS, KNOWN[service], 0.1, slow_clients=40) == demand("delay", KNOWN[service], 0.1)
