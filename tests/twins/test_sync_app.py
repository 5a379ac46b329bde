import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest
from flask.testing import FlaskClient

import sync_app.app
import sync_app.plumbing.steps
from contract.parameters import Duration
from contract.settings import Settings
from sync_app.plumbing.waits import Wait

Make = Callable[[Wait], FlaskClient]


@pytest.fixture
def client_of(monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return a function that makes a client of the service, with one place in flight and `wait` behind /delay."""

    def make(wait: Wait) -> FlaskClient:
        @contextmanager
        def open_waits(_settings: Settings) -> Iterator[Mapping[str, Wait]]:
            yield {"delay": wait}

        monkeypatch.setattr(sync_app.plumbing.steps, "open_waits", open_waits)
        return sync_app.app.create_app(Settings(max_in_flight=1)).test_client()

    return make


def fail(_asked: Duration) -> None:
    raise RuntimeError("the password is 1234")


def test_a_handler_that_fails_logs_its_traceback_and_leaks_nothing(
    client_of: Make, caplog: pytest.LogCaptureFixture
) -> None:
    response = client_of(fail).get("/delay/1")
    assert response.status_code == 500
    assert response.content_type == "application/problem+json"
    assert json.loads(response.data) == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "The service failed; its log has the traceback.",
    }
    assert response.headers["Served-By"].startswith("sync_app; pid=")
    assert response.headers["Server-Timing"].startswith("total;dur=")
    assert "1234" not in str(response.headers)
    assert "Exception on /delay/1 [GET]" in caplog.text
    assert "RuntimeError: the password is 1234" in caplog.text
    assert 'in fail\n    raise RuntimeError("the password is 1234")' in caplog.text


def test_a_handler_that_fails_gives_its_place_back(client_of: Make) -> None:
    client = client_of(fail)
    assert [client.get("/delay/1").status_code for _ in range(3)] == [500, 500, 500]


def test_a_request_too_many_is_refused_until_a_place_is_given_back(client_of: Make) -> None:
    entered, leave = Event(), Event()

    def wait(_asked: Duration) -> None:
        entered.set()
        assert leave.wait(10)

    client = client_of(wait)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(client.application.test_client().get, "/delay/1")
        assert entered.wait(10)
        refused = client.get("/delay/1")
        unaffected = client.get("/healthz")
        leave.set()
        assert first.result().status_code == 200
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert refused.content_type == "application/problem+json"
    assert unaffected.status_code == 200
    assert client.get("/delay/1").status_code == 200


def test_what_is_refused_never_reaches_the_wait(client_of: Make) -> None:
    reached: list[Duration] = []
    client = client_of(reached.append)
    for target in ("/delay/nan", "/delay/", "/delay/11", "/delay/%00", "/delay/1?x=1", "/delay/1/", "/delay/a%2Fb"):
        assert client.get(target).status_code in (400, 404)
    assert client.get("/delay/1", data=b"x" * 4097).status_code == 413
    assert client.post("/delay/1").status_code == 405
    assert client.options("/delay/1").status_code == 200
    assert reached == []
    assert client.head("/delay/1").status_code == 200
    assert reached == [Duration.model_construct(duration=1.0)]
