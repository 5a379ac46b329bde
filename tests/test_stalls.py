"""Tests of the helpers for a machine that may stall."""

import pytest

from tests.support.stalls import ATTEMPTS, TooLate, at_best, within


def test_a_bound_is_not_within_itself() -> None:
    within(1.0, 0.999)
    with pytest.raises(TooLate):
        within(1.0, 1.0)


@pytest.mark.parametrize("late", range(ATTEMPTS))
def test_one_attempt_in_time_is_enough(late: int) -> None:
    took = iter([2.0] * late + [0.5])

    @at_best()
    def attempt() -> None:
        within(1.0, next(took))

    attempt()
    assert list(took) == []


async def test_a_coroutine_is_run_again_as_well() -> None:
    took = iter([2.0, 0.5])

    @at_best()
    async def attempt() -> str:
        within(1.0, next(took))
        return "in time"

    assert await attempt() == "in time"


def test_what_is_late_in_every_attempt_fails() -> None:
    took = iter([2.0] * 9)

    @at_best()
    def attempt() -> None:
        within(1.0, next(took))

    with pytest.raises(TooLate):
        attempt()
    assert len(list(took)) == 9 - ATTEMPTS


@pytest.mark.parametrize(("others", "attempts"), [((), 1), ((ZeroDivisionError,), ATTEMPTS)])
def test_only_what_is_named_is_run_again(others: tuple[type[Exception], ...], attempts: int) -> None:
    begun = []

    @at_best(*others)
    def attempt() -> None:
        begun.append(1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        attempt()
    assert len(begun) == attempts


def test_an_assertion_about_anything_else_fails_at_once() -> None:
    begun = []

    @at_best()
    def attempt() -> None:
        begun.append(1)
        pytest.fail("it is wrong")

    with pytest.raises(pytest.fail.Exception, match="it is wrong"):
        attempt()
    assert len(begun) == 1
