import pytest

from contract.parameters import Answer
from contract.problems import Problem
from contract.settings import Settings
from tests.contract.support.asking import BY_NAME, parsed_body

ANSWER = BY_NAME["answer"]


@pytest.mark.parametrize(
    "text",
    ["soup", "s", " ", "\n", "a=b&c=d", "Grüße", "\u65e5\u672c", "\U0001f35c", "\ufeffsoup", "x" * 4096, "é" * 2048],
    ids=lambda text: ascii(text)[:20],
)
def test_an_answer_is_text_as_it_was_sent(text: str) -> None:
    asked = parsed_body(ANSWER, "/answer/lunch", text.encode())
    assert asked == Answer.model_construct(question="lunch", answer=text)


@pytest.mark.parametrize(
    "body",
    [b"", b"\0", b"so\0up", b"\xff", b"soup\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80", b"x" * 4097],
    ids=lambda body: ascii(body)[:20],
)
def test_what_is_not_text_or_too_much_of_it_is_refused_with_its_limits(body: bytes) -> None:
    with pytest.raises(Problem) as refusal:
        parsed_body(ANSWER, "/answer/lunch", body)
    assert refusal.value.status == 400
    assert refusal.value.detail.startswith("answer must be UTF-8 text without NUL, of 1 to 4096 bytes; got '")
    assert refusal.value.detail.isascii()


def test_a_body_of_4096_bytes_is_admitted_and_one_more_is_not() -> None:
    ANSWER.admit({"Content-Length": "4096"})
    with pytest.raises(Problem) as refusal:
        ANSWER.admit({"Content-Length": "4097"})
    assert refusal.value.status == 413


@pytest.mark.parametrize("body", [b"", b"so", b"sou"])
def test_a_body_that_breaks_off_is_refused(body: bytes) -> None:
    with pytest.raises(Problem, match=r"^The body is shorter than its Content-Length\.$") as refusal:
        ANSWER.parse("/answer/lunch", {"Content-Length": "4"}, Settings(), body)
    assert refusal.value.status == 400


def test_the_name_is_looked_at_as_well() -> None:
    with pytest.raises(Problem, match=r"^question must be 1 to 64 characters from a-z, 0-9 and -; got 'Lunch'\.$"):
        parsed_body(ANSWER, "/answer/Lunch", b"soup")
