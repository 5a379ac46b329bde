import pytest

from contract import upstream
from contract.parameters import UNITS
from contract.problems import Problem
from tests.contract.support.asking import parsed


@pytest.mark.parametrize(
    ("delay", "path"),
    [
        (0.0, "/delay/0.000000000s"),
        (0.1, "/delay/0.100000000s"),
        (1 / UNITS["us"], "/delay/0.000001000s"),
        (0.1234567, "/delay/0.123456700s"),
        (60.0, "/delay/60.000000000s"),
    ],
)
def test_the_path_holds_the_delay_and_nothing_else(delay: float, path: str) -> None:
    assert upstream.path(delay) == path
    assert parsed("delay", path, max_duration=60).duration == delay


@pytest.mark.parametrize("length", ["0", "1", "17", "4096", "000000017"])
def test_admitting_an_answer_of_known_and_small_length_does_not_raise(length: str) -> None:
    upstream.admit(200, {"Content-Length": length})


@pytest.mark.parametrize("status", [100, 201, 204, 301, 302, 307, 400, 404, 500, 503])
def test_any_other_status_is_a_502_that_names_it(status: int) -> None:
    with pytest.raises(Problem, match=rf"^The upstream responded with status {status}\.$") as refusal:
        upstream.admit(status, {"Content-Length": "17"})
    assert refusal.value.status == 502


@pytest.mark.parametrize(
    "headers",
    [
        {},
        *({"Content-Length": length} for length in ("", "4097", "-1", "1.5", "abc", "²", "9" * 5000)),
        {"Transfer-Encoding": "chunked"},
        {"Transfer-Encoding": "chunked", "Content-Length": "17"},
    ],
    ids=lambda headers: str(headers)[:40],
)
def test_an_answer_that_may_be_long_is_a_502(headers: dict[str, str]) -> None:
    with pytest.raises(
        Problem, match=r"^The upstream's response is over 4096 bytes or of unknown length\.$"
    ) as refusal:
        upstream.admit(200, headers)
    assert refusal.value.status == 502


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (b'{"duration":0.1}\n', 0.1),
        (b'{"duration": 0}', 0.0),
        (b'{"duration":1e-7}', 1e-7),
        (b'{"duration":1,"more":[1]}', 1.0),
    ],
)
def test_an_answer_says_how_long_it_waited(body: bytes, seconds: float) -> None:
    assert upstream.waited(body) == seconds


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"<html>", b"null", b"0.1", b"[0.1]", b"{}", b'{"Duration":1}', b"\xff\xfe", b"\0"),
        *(b'{"duration":"soon"}', b'{"duration":null}', b'{"duration":-1}', b'{"duration":NaN}', b'{"duration":[1]}'),
        *(b'{"duration":1e999}', b'{"duration":-Infinity}', b"[" * 5000),
    ],
    ids=lambda body: ascii(body)[:30],
)
def test_an_answer_that_makes_no_sense_is_a_502(body: bytes) -> None:
    with pytest.raises(Problem, match=r"^The upstream's response is not JSON with a valid duration\.$") as refusal:
        upstream.waited(body)
    assert refusal.value.status == 502


def test_none_is_a_502_and_a_late_one_a_504_that_says_how_late() -> None:
    assert (upstream.broken().status, upstream.too_slow(0.25).status) == (502, 504)
    assert upstream.too_slow(0.25).detail == "The upstream did not respond within 5.25 s."
