import pytest

import async_app.plumbing.in_flight
import sync_app.plumbing.in_flight
from contract.problems import Problem

TWINS = pytest.mark.parametrize("twin", [sync_app.plumbing.in_flight.InFlight, async_app.plumbing.in_flight.InFlight])
Twin = type[sync_app.plumbing.in_flight.InFlight] | type[async_app.plumbing.in_flight.InFlight]


@TWINS
def test_there_are_as_many_places_as_the_limit_says(twin: Twin) -> None:
    in_flight = twin(2)
    with in_flight, in_flight, pytest.raises(Problem) as refusal, in_flight:
        pass
    assert refusal.value.status == 503
    assert refusal.value.headers == {"Retry-After": "1"}
    assert refusal.value.detail == "This process already has as many requests in flight as MAX_IN_FLIGHT allows (2)."


@TWINS
def test_a_place_is_given_back_whatever_happens(twin: Twin) -> None:
    in_flight = twin(1)
    for _ in range(3):
        with pytest.raises(RuntimeError), in_flight:
            raise RuntimeError
    with in_flight:
        pass


@TWINS
def test_a_request_that_is_refused_gives_no_place_back(twin: Twin) -> None:
    in_flight = twin(1)
    with in_flight:
        for _ in range(3):
            with pytest.raises(Problem), in_flight:
                pass


@TWINS
def test_a_place_that_is_kept_is_given_back_by_one_more_exit(twin: Twin) -> None:
    in_flight = twin(2)
    with in_flight:
        in_flight.keep()
    with in_flight, pytest.raises(Problem), in_flight:
        pass
    in_flight.__exit__(None, None, None)
    with in_flight, in_flight:
        pass


@TWINS
def test_a_place_that_is_being_kept_lets_nobody_else_in(twin: Twin) -> None:
    in_flight = twin(1)
    with in_flight:
        in_flight.keep()
        with pytest.raises(Problem), in_flight:
            pass
