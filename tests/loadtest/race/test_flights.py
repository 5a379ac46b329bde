from typing import Any

from loadtest.race.flights import Flights
from loadtest.race.sample import MOST_DRAWN
from loadtest.results.exchange import Exchange
from tests.loadtest.support.racers import User, told


def seen(flights: Flights, moment: float) -> str:
    """Return the states without trailing empty places."""
    states = flights.frame(moment)
    assert len(states) == MOST_DRAWN
    return states.rstrip()


def watching(*clients: Any) -> Flights:
    flights = Flights()
    flights.look(clients)
    return flights


def asks(flights: Flights, client: Any, exchange: Exchange) -> None:
    """Have a client send a request and hear its end."""
    flights.asked(client, exchange.sent)
    flights.answered(client, exchange, served=exchange.status == 200)


def test_a_request_keeps_its_place_until_its_answer() -> None:
    client = User()
    flights = watching(client)
    asks(flights, client, told(10.0, 1.0, 1.0))
    moments = (9.9, 10.0, 10.9, 11.1, 12.1, 12.2)
    assert [seen(flights, moment) for moment in moments] == ["", "h", "h", "w", "", ""]


def test_a_client_may_have_sent_several_requests_before_they_are_drawn() -> None:
    client: Any = User()
    other: Any = User()
    flights = watching(client, other)
    asks(flights, client, told(10.0, 0.0, 0.5))
    flights.asked(other, 10.1)
    asks(flights, client, told(10.6, 0.0, 0.5, status=503))
    assert seen(flights, 10.2) == "w?"
    assert seen(flights, 10.7) == " ?w"
    assert len(flights) == 2
    assert seen(flights, 11.2) == " ?"


def test_with_more_requests_than_places_those_sent_first_are_drawn() -> None:
    clients: list[Any] = [User() for _ in range(MOST_DRAWN + 20)]
    flights = watching(*clients)
    for number, client in enumerate(clients):
        flights.asked(client, 10 + number / 1000)
    assert seen(flights, 10.5) == "?" * MOST_DRAWN
    assert len(flights) == MOST_DRAWN
    for client in clients[MOST_DRAWN:]:
        flights.answered(client, told(10.1, 0.0, 0.5), served=True)
    assert seen(flights, 10.7) == "?" * MOST_DRAWN


def test_a_request_that_was_in_flight_before_somebody_looked_is_drawn() -> None:
    early, late = User(10.0), User(9.0)
    flights = watching(early, late)
    flights.answered(late, told(9.0, 0.0, 4.0), served=True)  # type: ignore[arg-type] # a stand-in
    assert seen(flights, 12.0) == "w?"


def test_nobody_is_told_anything_once_nobody_looks() -> None:
    clients: list[Any] = [User(1.0), User()]
    flights = watching(*clients)
    assert all(client.watch is flights for client in clients)
    assert seen(flights, 2.0) == "?"
    flights.look_away()
    assert [client.watch for client in clients] == [None, None]
    assert len(flights) == 0
    flights.answered(clients[0], told(1.0, 0.0, 1.0), served=True)  # in flight when all requests were forgotten
    assert seen(flights, 3.0) == ""
