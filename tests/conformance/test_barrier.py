from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from tests.conformance.support.counted import in_flight, left
from tests.conformance.support.fleet import LETTING_GO, ONE_AT_A_TIME, SEVERAL, TOGETHER, WAITING_ON, Fleet
from tests.conformance.support.wire import Held, ask, at_once
from tests.support.stalls import eventually, within

OVERLAPPING = pytest.mark.parametrize("name", TOGETHER)


@OVERLAPPING
def test_three_at_once_in_one_process_are_released(fleet: Fleet, name: str) -> None:
    answers = at_once(fleet(name, workers=1).url, ["/barrier?n=3&timeout=10s"] * 3)
    assert [(answer.status, answer.body) for answer in answers] == [(200, b'{"n":3}\n')] * 3


@OVERLAPPING
def test_two_wait_until_a_third_comes(fleet: Fleet, name: str) -> None:
    url = fleet(name, workers=1).url
    with ThreadPoolExecutor() as pool:
        answers = [pool.submit(Held(url, "/barrier?n=3&timeout=10s").answer) for _ in range(2)]
        assert wait(answers, timeout=0.3).done == set()
        third = ask(url, "/barrier?n=3&timeout=10s")
        assert [answer.result().status for answer in answers] == [200, 200]
    assert third.status == 200
    within(min(answer.result().timing["wait"] for answer in answers), third.timing["wait"])


@OVERLAPPING
def test_parties_of_different_sizes_do_not_mix(fleet: Fleet, name: str) -> None:
    targets = ["/barrier?n=2&timeout=300ms", "/barrier?n=3&timeout=300ms"]
    assert [answer.status for answer in at_once(fleet(name, workers=1).url, targets)] == [504, 504]


@pytest.mark.parametrize("name", ONE_AT_A_TIME)
def test_three_at_once_never_meet_where_a_process_takes_one_request_at_a_time(fleet: Fleet, name: str) -> None:
    answers = at_once(fleet(name, SEVERAL[name]).url, ["/barrier?n=3&timeout=200ms"] * 3)
    assert [answer.status for answer in answers] == [504] * 3
    assert all(answer.timing["wait"] >= 0.2 for answer in answers)


@pytest.mark.parametrize("name", LETTING_GO)
def test_a_client_that_leaves_frees_its_seat(fleet: Fleet, name: str) -> None:
    url = fleet(name, workers=1).url
    before = left(url, "barrier")
    with Held(url, "/barrier?n=2&timeout=10s"):
        eventually(lambda: in_flight(url) == 1)
    eventually(lambda: left(url, "barrier") == before + 1)
    eventually(lambda: in_flight(url) == 0)
    assert ask(url, "/barrier?n=2&timeout=300ms").status == 504


@pytest.mark.parametrize("name", WAITING_ON)
def test_a_client_that_leaves_is_still_waited_with_on_the_others(fleet: Fleet, name: str) -> None:
    url = fleet(name, workers=1).url
    Held(url, "/barrier?n=2&timeout=10s").leave()
    assert ask(url, "/barrier?n=2&timeout=300ms").status == 200
