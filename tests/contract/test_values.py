"""The values allowed for each kind of parameter, except durations and texts, which have their own files."""

import pytest

from contract.parameters import Calls, Drip, Events, File, Question
from contract.problems import Problem
from tests.contract.support.asking import parsed

NOT_WHOLE = ("-1", "1.5", "1.0", "1e1", "+1", "%201", "1%20", "abc", "", "nan", "0x1", "1_0", "\uff11", "9" * 5000)


@pytest.mark.parametrize(
    ("target", "name", "asked"),
    [
        ("/fetch", "fetch", Calls.model_construct(n=1, delay=0.1, mode="idiomatic")),
        ("/query", "query", Calls.model_construct(n=1, delay=0.1, mode="idiomatic")),
        ("/file", "file", File.model_construct(size=2**20)),
        ("/ask/lunch", "ask", Question.model_construct(question="lunch", timeout=10.0)),
        ("/drip", "drip", Drip.model_construct(duration=2.0, numbytes=10, delay=0.0, code=200)),
        ("/sse", "sse", Events.model_construct(count=10, duration=5.0, delay=0.0)),
    ],
)
def test_what_is_left_out_has_its_default(target: str, name: str, asked: object) -> None:
    assert parsed(name, target) == asked


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("0KiB", 0),
        ("1", 1),
        ("1000", 1000),
        ("1B", 1),
        ("007", 7),
        ("1KiB", 1024),
        ("64KiB", 65536),
        ("1MiB", 2**20),
        ("16MiB", 2**24),
        ("16384KiB", 2**24),
        ("16777216", 2**24),
        ("%31KiB", 1024),
    ],
)
def test_a_size_is_bytes_or_a_number_with_a_unit(text: str, size: int) -> None:
    assert parsed("file", f"/file?size={text}").size == size


@pytest.mark.parametrize(
    "text",
    [
        *("-1", "+1", "1.5", "1.5KiB", "1e3", "0x10", "1_000", "1,000", "nan", "inf", "abc", "", "KiB", "9" * 5000),
        *("1KB", "1kB", "1kib", "1MB", "1mib", "1GiB", "1b", "1K", "1M", "1KiBB", "1%20KiB", "1%0A"),
        *("16777217", "16777217B", "16385KiB", "17MiB", "999999999MiB", "\uff11", "²"),
    ],
)
def test_any_other_size_is_refused_with_its_limits(text: str) -> None:
    with pytest.raises(Problem) as refusal:
        parsed("file", f"/file?size={text}")
    assert refusal.value.status == 400
    assert refusal.value.detail.startswith(
        "size must be bytes (1000) or a number with a unit (64KiB, 1MiB), from 0 to 16MiB; got "
    )


@pytest.mark.parametrize(
    ("target", "parameter", "value"),
    [
        ("/drip?numbytes=1", "numbytes", 1),
        ("/drip?numbytes=1048576", "numbytes", 2**20),
        ("/drip?numbytes=007", "numbytes", 7),
        ("/drip?code=200", "code", 200),
        ("/drip?code=204", "code", 204),
        ("/drip?code=418", "code", 418),
        ("/drip?code=599", "code", 599),
        ("/drip?duration=0", "duration", 0.0),
        ("/drip?delay=1s", "delay", 1.0),
        ("/sse?count=1", "count", 1),
        ("/sse?count=100", "count", 100),
        ("/sse?duration=1us", "duration", 0.000001),
        ("/fetch?n=100&delay=100ms", "n", 100),
        ("/query?n=100&delay=0", "n", 100),
        ("/query?mode=concurrent", "mode", "concurrent"),
        ("/ask/lunch?timeout=0", "timeout", 0.0),
    ],
)
def test_a_value_within_its_limits_is_taken(target: str, parameter: str, value: object) -> None:
    name = target[1:].partition("?")[0].partition("/")[0]
    assert getattr(parsed(name, target), parameter) == value


@pytest.mark.parametrize("text", [*NOT_WHOLE, "0", "1048577"])
def test_a_drip_has_from_1_to_1048576_bytes(text: str) -> None:
    with pytest.raises(Problem, match=r"^numbytes must be a whole number from 1 to 1048576; got '.*'\.$"):
        parsed("drip", f"/drip?numbytes={text}")


@pytest.mark.parametrize("text", [*NOT_WHOLE, "0", "100", "101", "199", "600", "999"])
def test_a_drip_has_a_final_status(text: str) -> None:
    with pytest.raises(Problem, match=r"^code must be a whole number from 200 to 599; got '.*'\.$"):
        parsed("drip", f"/drip?code={text}")


@pytest.mark.parametrize("text", [*NOT_WHOLE, "0", "101"])
def test_there_are_from_1_to_100_events(text: str) -> None:
    with pytest.raises(Problem, match=r"^count must be a whole number from 1 to 100; got '.*'\.$"):
        parsed("sse", f"/sse?count={text}")


@pytest.mark.parametrize("text", ["0", "0s", "0.0", "-1", "11", "nan", ""])
def test_events_take_some_time(text: str) -> None:
    with pytest.raises(Problem, match=r"^duration must be seconds .*, more than 0 and at most 10 s; got '.*'\.$"):
        parsed("sse", f"/sse?duration={text}")


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("duration=10s", True),
        ("duration=9s&delay=1s", True),
        ("duration=5s&delay=5s", True),
        ("duration=10s&delay=1us", False),
        ("duration=9s&delay=1.001s", False),
        ("duration=1s&delay=10s", False),
    ],
)
@pytest.mark.parametrize("name", ["drip", "sse"])
def test_duration_and_delay_are_together_no_longer_than_one_wait(name: str, query: str, fits: bool) -> None:
    if fits:
        parsed(name, f"/{name}?{query}")
    else:
        with pytest.raises(Problem, match=r"^duration plus delay must be at most 10 s; got .*\.$") as refusal:
            parsed(name, f"/{name}?{query}")
        assert refusal.value.status == 400


@pytest.mark.parametrize(
    ("pieces", "duration", "pause"),
    [(1, 2.0, 2.0), (2, 2.0, 2.0), (3, 2.0, 1.0), (10, 1.8, 0.2), (11, 0.0, 0.0), (1, 0.0, 0.0)],
)
def test_the_last_piece_comes_when_the_duration_is_over(pieces: int, duration: float, pause: float) -> None:
    asked = Drip.model_construct(duration=duration, numbytes=pieces)
    assert asked.pause(pieces) == pytest.approx(pause)


@pytest.mark.parametrize("name", ["fetch", "query"])
@pytest.mark.parametrize("query", ["n=2&delay=5001ms", "n=100&delay=101ms", "n=11&delay=1s&mode=concurrent"])
def test_calls_are_together_no_longer_than_one_wait(name: str, query: str) -> None:
    with pytest.raises(Problem, match=r"^n times delay must be at most 10 s; got "):
        parsed(name, f"/{name}?{query}")


@pytest.mark.parametrize("question", ["a", "0", "-", "lunch", "what-is-42", "x" * 64, "%6Cunch"])
def test_a_question_is_a_name(question: str) -> None:
    assert parsed("ask", f"/ask/{question}").question == question.replace("%6C", "l")


@pytest.mark.parametrize(
    "question",
    [
        "",
        "x" * 65,
        "Lunch",
        "a_b",
        "a.b",
        "..",
        "a b",
        "a%20b",
        "a%0A",
        "lunch%0A",
        "é",
        "%C3%A9",
        "a;b",
        "a'b",
        "a%2500",
    ],
)
def test_any_other_name_is_refused(question: str) -> None:
    with pytest.raises(Problem, match=r"^question must be 1 to 64 characters from a-z, 0-9 and -; got ") as refusal:
        parsed("ask", f"/ask/{question}")
    assert refusal.value.status == 400
