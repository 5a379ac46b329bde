import re
from pathlib import Path

import pytest

from tests.conformance.support.exceptions import (
    ANNOUNCED,
    EMPTY,
    EXCEPTIONS,
    NO_CONTENT,
    NO_HOST,
    NO_PATH,
    NUL,
    OLD,
    TARGET,
)
from tests.conformance.support.fleet import LETTING_GO, NAMES, Fleet
from tests.conformance.support.problems import detail
from tests.conformance.support.wire import HOST, PATIENCE, NotAnswered, Stream, announced, ask, asked_in_http_1_0

README = Path(__file__).parents[2] / "peers" / "README.md"

LEAVES = "the handler keeps waiting when its client disconnects; only a stream ends early"

UVICORN = pytest.mark.parametrize("name", ["django-async", "fastapi"])


def of(name: str, reason: str) -> list[str]:
    """Return the requests for which the service deviates from the contract for this reason."""
    return [asked for (each, asked), why in EXCEPTIONS.items() if (each, why) == (name, reason)]


@UVICORN
@pytest.mark.parametrize(
    ("target", "plain"),
    [("/healthz#x", "/healthz"), ("/delay/1#x", "/delay/1"), (f"HTTP://{HOST}/healthz", "/healthz")],
)
def test_uvicorn_hands_over_the_path_alone(fleet: Fleet, name: str, target: str, plain: str) -> None:
    assert target in of(name, TARGET)
    url = fleet(name).url
    answer = ask(url, target)
    assert (answer.status, answer.body) == (200, ask(url, plain).body)


@UVICORN
def test_on_uvicorn_a_refusal_of_a_proxys_target_shows_its_path(fleet: Fleet, name: str) -> None:
    assert f"http://{HOST}/nope" in of(name, TARGET)
    answer = ask(fleet(name).url, f"http://{HOST}/nope")
    assert detail(answer, 404, "Not Found") == "No endpoint matches '/nope'; GET / lists the endpoints."


@UVICORN
def test_uvicorn_refuses_a_target_without_a_path(fleet: Fleet, name: str) -> None:
    for target in of(name, NO_PATH):
        answer = ask(fleet(name).url, target)
        assert (answer.status, answer.body) == (400, b"Invalid HTTP request received.")


@pytest.mark.parametrize("host", of("tornado", NO_HOST))
def test_tornado_refuses_a_host_that_is_none(fleet: Fleet, host: str) -> None:
    answer = ask(fleet("tornado").url, "/", headers={"Host": host})
    assert (answer.status, answer.body) == (400, b"")


@pytest.mark.parametrize("target", of("tornado", NO_CONTENT))
def test_tornado_says_nothing_of_the_type_of_no_content(fleet: Fleet, target: str) -> None:
    answer = ask(fleet("tornado").url, target)
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (204, b"", None)


@pytest.mark.parametrize("target", of("sanic", NUL))
def test_sanic_closes_the_connection_where_a_target_has_a_nul_in_it(fleet: Fleet, target: str) -> None:
    url = fleet("sanic").url
    with pytest.raises(NotAnswered):
        ask(url, target)
    assert ask(url, "/healthz").status == 200


@pytest.mark.parametrize("target", of("sanic", EMPTY))
def test_sanic_says_that_the_response_to_head_of_a_stream_is_empty(fleet: Fleet, target: str) -> None:
    url = fleet("sanic").url
    head = Stream(url, target, "HEAD").rest()
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", "0")
    assert head.head_came - head.began >= 0.1


@pytest.mark.parametrize("name", [name for name, asked in EXCEPTIONS if asked == OLD])
def test_chunks_are_sent_to_a_client_of_http_1_0_as_well(fleet: Fleet, name: str) -> None:
    answer = asked_in_http_1_0(fleet(name).url)
    assert (answer.status, answer.headers["Transfer-Encoding"]) == (200, "chunked")


@pytest.mark.parametrize("name", [name for name, asked in EXCEPTIONS if asked == ANNOUNCED])
def test_a_body_too_long_is_refused_when_it_has_come(fleet: Fleet, name: str) -> None:
    with announced(fleet(name).url) as connection:
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(PATIENCE)
        connection.sendall(b"x" * 5000)
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_the_readme_tells_the_same_reasons() -> None:
    _, _, section = README.read_text().partition("## Differences from the contract\n")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", section, re.MULTILINE)[1:]
    told = {(name, what) for names, what in rows for name in names.split(", ")}
    held = {(name, why) for (name, _), why in EXCEPTIONS.items()}
    assert held <= told
    assert {name for name, what in told if what == LEAVES} == {*NAMES} - {*LETTING_GO}
    assert {(name, what) for name, what in told - held if what != LEAVES and name != "flask-async"} == set()
