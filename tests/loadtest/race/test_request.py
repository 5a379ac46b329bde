from typing import Any

import pytest

from loadtest.race.request import Wish, decoded, wished
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open
from loadtest.workload.scenarios import RACED

GOOD: dict[str, Any] = {"users": 400, "delay": "250ms", "scenario": "delay"}

ARRIVALS: dict[str, Any] = {"rate": 100, "delay": "250ms", "scenario": "delay"}

DURATIONS = "Delay takes seconds (0.25) or a number with a unit (250ms, 1.5s), from 1ms to 10 s; got"


@pytest.mark.parametrize(
    ("said", "wish"),
    [
        ({}, Wish(Closed(400), "250ms", 0.25, "delay")),
        ({"users": 1}, Wish(Closed(1), "250ms", 0.25, "delay")),
        ({"users": 1000}, Wish(Closed(1000), "250ms", 0.25, "delay")),
        ({"delay": "0.001"}, Wish(Closed(400), "0.001", 0.001, "delay")),
        ({"delay": "10s"}, Wish(Closed(400), "10s", 10.0, "delay")),
        ({"delay": "2s", "scenario": "fanout"}, Wish(Closed(400), "2s", 2.0, "fanout")),
        *(({"scenario": name}, Wish(Closed(400), "250ms", 0.25, name)) for name in RACED),
    ],
)
def test_what_can_be_run_is_taken(said: dict[str, Any], wish: Wish) -> None:
    assert wished(GOOD | said) == wish


@pytest.mark.parametrize(("rate", "clients"), [(1, 10), (2.5, 25), (99.99, 1000), (100, 1000), (1e3, 1000)])
def test_a_rate_takes_the_place_of_users_and_has_clients_for_the_patience(rate: float, clients: int) -> None:
    assert wished(ARRIVALS | {"rate": rate}) == Wish(Open(rate, clients=clients), "250ms", 0.25, "delay")


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        *(
            (users, f"Users takes a whole number from 1 to 1000; got {users['users']!r}.")
            for users in ({"users": users} for users in (0, -1, 1001, 1.5, 4.0, "400", None, True, [4]))
        ),
        *(({"delay": delay}, f"{DURATIONS} {delay!r}.") for delay in ("", "x", "1h", "-1", "nan", "inf", "11", "1e3")),
        *(({"delay": delay}, f"Delay takes at least 1ms, so that the wait can be seen; got {delay!r}.")
          for delay in ("0", "0.9ms")),
        *(({"delay": delay}, f"Delay takes a string such as '250ms'; got {delay!r}.")
          for delay in (0.25, None, ["1s"])),
        ({"delay": "2.1s", "scenario": "fanout"}, "Delay takes at most 2s for fanout; got '2.1s'."),
        *(
            ({"scenario": name}, f"Scenario takes one of {', '.join(RACED)}; got {name!r}.")
            for name in ("", "nope", "Delay", "slow-clients", None, 1, ["delay"])
        ),
        ({"more": 1}, "A start takes a JSON object with users or rate, delay and scenario."),
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_one_sentence(said: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as refused:
        wished(GOOD | said)
    assert str(refused.value) == complaint


@pytest.mark.parametrize("rate", [0, 0.9, 1000.1, -5, "100", None, True, [4], float("nan"), float("inf"), 10**400])
def test_a_rate_out_of_range_is_refused_in_one_sentence(rate: Any) -> None:
    with pytest.raises(ValueError, match=r"^Rate takes a number from 1 to 1000; got .*\.$"):
        wished(ARRIVALS | {"rate": rate})


@pytest.mark.parametrize("said", [None, 1, "delay", [], {}, {"users": 1}, [GOOD], GOOD | ARRIVALS])
def test_a_body_that_is_no_such_object_is_refused(said: Any) -> None:
    with pytest.raises(ValueError, match=r"^A start takes a JSON object with users or rate, delay and scenario\.$"):
        wished(said)


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 5_000, b"\xff", b"1" * 5_000])
def test_a_body_that_is_no_json_is_no_value(body: bytes) -> None:
    assert decoded(body) is None


@pytest.mark.parametrize("field", ["users", "delay", "scenario"])
def test_a_value_that_is_too_deep_to_be_written_is_refused_all_the_same(field: str) -> None:
    deep: Any = []
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(ValueError, match=r"; got \[\[.*\.$"):
        wished(GOOD | {field: deep})
