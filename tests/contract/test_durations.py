import pytest

from contract.operations import OPERATIONS
from contract.parameters import Duration
from contract.problems import Problem
from contract.settings import Settings

DELAY = next(operation for operation in OPERATIONS if operation.name == "delay")


def parsed(text: str, max_duration: float = 10.0) -> float:
    asked = DELAY.parse(f"/delay/{text}", {}, Settings(max_duration=max_duration))
    assert isinstance(asked, Duration)
    return asked.duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("0.0", 0.0),
        ("0s", 0.0),
        ("1", 1.0),
        ("01", 1.0),
        ("0.25", 0.25),
        (".25", 0.25),
        ("1s", 1.0),
        ("1.5s", 1.5),
        ("250ms", 0.25),
        ("0.5ms", 0.0005),
        ("9ms", 0.009),
        ("1us", 0.000001),
        ("0.1m", 6.0),
        ("10", 10.0),
        ("10s", 10.0),
        ("10.000", 10.0),
        ("10000ms", 10.0),
        ("10000000us", 10.0),
        ("%31", 1.0),
    ],
)
def test_a_duration_is_seconds_or_a_number_with_a_unit(text: str, seconds: float) -> None:
    assert parsed(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("nan", "NaN", "inf", "Infinity", "-inf", "1e999", "1e0", "1E1", "0x1"),
        *("-1", "-0", "+1", "11", "10.001", "10.0000001s", "10001ms", "0.2m", "9" * 400),
        *("abc", "", ".", "1.", "1.5.5", "1,5", "1_0", "true", "None"),
        *("1h", "1d", "1S", "1MS", "1 s", "s", "ms", "1ss", "1sec", "1ns", "1µs"),
        *(" 1", "1 ", "%201", "1%20", "1%0A", "1%0D", "1%09"),
        *("\uff11", "%EF%BC%91", "\u0661", "²", "½", "%C2%BD"),
    ],
)
def test_what_is_not_a_duration_is_refused_with_its_limits(text: str) -> None:
    with pytest.raises(Problem) as refusal:
        parsed(text)
    assert refusal.value.status == 400
    assert refusal.value.detail.startswith(
        "duration must be seconds (0.25) or a number with a unit (250ms, 1.5s), from 0 to 10 s; got "
    )


@pytest.mark.parametrize("milliseconds", [1, 7, 9, 13, 18, 26, 57, 100, 333, 1001, 9999])
def test_milliseconds_come_back_as_the_nearest_number_of_seconds(milliseconds: int) -> None:
    assert parsed(f"{milliseconds}ms") == float(f"{milliseconds / 1000:.3f}")


@pytest.mark.parametrize(("max_duration", "longest", "too_long"), [(0.05, "50ms", "50.1ms"), (60.0, "1m", "60.1")])
def test_the_longest_duration_is_the_settings_own(max_duration: float, longest: str, too_long: str) -> None:
    assert parsed(longest, max_duration) == max_duration
    with pytest.raises(Problem, match=f"from 0 to {max_duration:g} s; got '{too_long}'"):
        parsed(too_long, max_duration)
