import pytest

from contract.operations import OPERATIONS
from contract.parameters import Fanout
from contract.problems import Problem
from contract.settings import Settings

FANOUT = next(operation for operation in OPERATIONS if operation.name == "fanout")


def parsed(query: str) -> Fanout:
    asked = FANOUT.parse(f"/fanout?{query}", {}, Settings())
    assert isinstance(asked, Fanout)
    return asked


def test_the_defaults_are_the_five_tasks_of_the_lesson() -> None:
    assert parsed("") == Fanout.model_construct(n=5, delay=1.0, mode="idiomatic")


@pytest.mark.parametrize(("text", "n"), [("1", 1), ("100", 100), ("007", 7), ("%35", 5)])
def test_n_is_a_whole_number_from_1_to_100(text: str, n: int) -> None:
    assert parsed(f"n={text}&delay=0").n == n


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-1",
        "1.5",
        "101",
        "1.0",
        "1e1",
        "+1",
        " 1",
        "1%20",
        "abc",
        "",
        "nan",
        "0x1",
        "1_0",
        "\uff11",
        "%EF%BC%91",
        "9" * 5000,
    ],
)
def test_any_other_n_is_refused_with_its_limits(text: str) -> None:
    with pytest.raises(Problem, match=r"^n must be a whole number from 1 to 100; got '.*'\.$") as refusal:
        parsed(f"n={text}")
    assert refusal.value.status == 400


@pytest.mark.parametrize("mode", ["idiomatic", "sequential", "concurrent"])
def test_there_are_three_modes(mode: str) -> None:
    assert parsed(f"mode={mode}").mode == mode


@pytest.mark.parametrize("mode", ["", "Idiomatic", "parallel", "sequential ", "idiomatic,concurrent"])
def test_any_other_mode_is_refused_with_the_three(mode: str) -> None:
    with pytest.raises(Problem) as refusal:
        parsed(f"mode={mode}")
    assert (refusal.value.status, refusal.value.detail) == (
        400,
        f"mode must be idiomatic, sequential or concurrent; got {mode!r}.",
    )


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_n_times_delay_may_be_exactly_as_long_as_one_wait(unit: str) -> None:
    longest = {"s": 10, "ms": 10_000, "us": 10_000_000}[unit]
    for n in (n for n in range(1, 101) if longest % n == 0):
        assert parsed(f"n={n}&delay={longest // n}{unit}").n == n


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("n=100&delay=1s", "100 times 1 s"),
        ("n=11", "11 times 1 s"),
        ("n=2&delay=5001ms", "2 times 5.001 s"),
        ("n=100&delay=10s&mode=concurrent", "100 times 10 s"),
    ],
)
def test_n_times_delay_may_not_be_longer_in_any_mode(query: str, sent: str) -> None:
    with pytest.raises(Problem) as refusal:
        parsed(query)
    assert (refusal.value.status, refusal.value.detail) == (400, f"n times delay must be at most 10 s; got {sent}.")
