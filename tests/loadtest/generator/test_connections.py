import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread

import pytest
from geventhttpclient.response import HTTPConnectionClosed

from loadtest.generator.connections import Connections, Dropped, Tally
from tests.loadtest.support.servers import dropping
from tests.loadtest.support.targets import http, recording


@contextmanager
def forgetful(closed: Event) -> Iterator[str]:
    """Yield the URL of a server that closes each connection after its response, without saying so before."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            closed.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def patient(tally: Tally, **settings: int) -> Connections:
    return Connections(tally, connection_timeout=30.0, network_timeout=30.0, **settings)


def ask(connections: Connections, url: str, target: str = "/") -> int:
    response = connections.get_client(url).get(target)
    response.read()
    return response.status_code


def test_a_request_that_is_read_and_not_answered_is_sent_again_and_counted() -> None:
    tally = Tally()
    with dropping(50) as url, closing(patient(tally)) as connections:
        assert {ask(connections, url) for _ in range(120)} == {200}
    assert tally == Tally(resent=2, reconnected=0)


def test_a_request_that_must_not_be_sent_again_fails_and_each_is_sent_once() -> None:
    for method in ("GET", "PUT", "POST", "DELETE", "PATCH"):
        tally, answers = Tally(resends=False), list[int | None]()
        with (
            recording(lambda _, number: None if number % 50 == 0 else http()) as (url, seen),
            closing(patient(tally)) as connections,
        ):
            for _ in range(120):
                try:
                    response = connections.get_client(url).request(method, "/", b"x")
                except (Dropped, HTTPConnectionClosed):
                    answers.append(None)
                else:
                    response.read()
                    answers.append(response.status_code)
        assert (len(seen), answers.count(None), answers.count(200)) == (120, 2, 118)
        assert {each.line for each in seen} == {f"{method} / HTTP/1.1"}
        assert tally == Tally(resends=False, resent=0, reconnected=0)


def test_each_time_that_a_request_is_sent_again_counts() -> None:
    tally = Tally()
    with (
        dropping(1) as url,
        closing(patient(tally, concurrency=1)) as connections,
        pytest.raises(HTTPConnectionClosed),
    ):
        ask(connections, url)
    assert tally == Tally(resent=2, reconnected=0)


def test_a_kept_connection_that_was_closed_before_is_replaced_and_counted_and_nothing_is_sent_again() -> None:
    tally, closed = Tally(), Event()
    with forgetful(closed) as url, closing(patient(tally)) as connections:
        for _ in range(3):
            assert ask(connections, url) == 200
            assert closed.wait(10)
            closed.clear()
    assert tally == Tally(resent=0, reconnected=2)


def test_a_request_that_cannot_be_sent_is_not_sent_again() -> None:
    tally = Tally()
    with dropping(50) as url, closing(patient(tally)) as connections:
        for _ in range(2):
            with pytest.raises(ValueError, match="invalid request URI"):
                ask(connections, url, "//delay")
        assert ask(connections, url) == 200
    assert tally == Tally()
