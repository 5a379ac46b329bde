"""Tests on a machine that may stall: any process may stand still for up to 5 s while the clock goes on."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

SLACK = 10.0
"""Seconds by which anything may be late, twice the longest stall. A bound with this slack only shows that nothing
hangs."""

ATTEMPTS = 3


class TooLate(AssertionError):
    """Something came too late: because of a fault, or because the machine stalled."""


def within(bound: float, seconds: float) -> None:
    """Raise TooLate unless `seconds` is less than `bound`."""
    if seconds >= bound:
        raise TooLate(f"{seconds:.3f} s, not less than {bound:g} s")


def at_best(*others: type[Exception]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Run the decorated test again if it raises TooLate or one of `others`, up to three times in all.

    A stall spoils one attempt, a fault spoils all. Any other exception fails the test at once. The fixtures are set up
    once.
    """
    spoilt: tuple[type[Exception], ...] = (TooLate, *others)

    def decorated(test: Callable[P, T]) -> Callable[P, T]:
        if iscoroutinefunction(test):

            @wraps(test)
            async def again_on_a_loop(*arguments: P.args, **named: P.kwargs) -> Any:
                for _ in range(ATTEMPTS - 1):
                    with suppress(*spoilt):
                        return await test(*arguments, **named)
                return await test(*arguments, **named)

            return again_on_a_loop  # type: ignore[return-value] # T is a coroutine here

        @wraps(test)
        def again(*arguments: P.args, **named: P.kwargs) -> T:
            for _ in range(ATTEMPTS - 1):
                with suppress(*spoilt):
                    return test(*arguments, **named)
            return test(*arguments, **named)

        return again

    return decorated


def eventually(holds: Callable[[], object], seconds: float = SLACK) -> None:
    """Poll until `holds` returns something true. Fail after `seconds` seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.02)
