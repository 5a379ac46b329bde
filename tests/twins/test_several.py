import asyncio
import threading
import time
from collections.abc import Callable

import pytest

import async_app.several
import sync_app.several
from contract.bodies import Made
from contract.parameters import Fanout, Mode
from contract.problems import Problem, timed_out
from tests.support.stalls import SLACK

Run = Callable[[Fanout, int], tuple[Made[int], float]]
"""From a request, and the number of calls that must be in progress before any of them pauses: results and seconds."""

PAUSE = 0.05
IN_A_ROW, AT_ONCE = 1, 5


def on_threads(asked: Fanout, at_once: int) -> tuple[Made[int], float]:
    begun = threading.Barrier(at_once, timeout=SLACK)

    def once(number: int) -> int:
        begun.wait()
        time.sleep(PAUSE)
        return number

    began = time.perf_counter()
    return sync_app.several.several(asked, once), time.perf_counter() - began


def on_a_loop(asked: Fanout, at_once: int) -> tuple[Made[int], float]:
    async def run() -> tuple[Made[int], float]:
        begun = asyncio.Barrier(at_once)

        async def once(number: int) -> int:
            await begun.wait()
            await asyncio.sleep(PAUSE)
            return number

        began = time.perf_counter()
        results = await asyncio.wait_for(async_app.several.several(asked, once), SLACK)
        return results, time.perf_counter() - began

    return asyncio.run(run())


def five(mode: Mode) -> Fanout:
    return Fanout.model_construct(n=5, delay=0.0, mode=mode)


@pytest.mark.parametrize(
    ("run", "mode", "at_once"),
    [
        (on_threads, "idiomatic", IN_A_ROW),
        (on_threads, "sequential", IN_A_ROW),
        (on_threads, "concurrent", AT_ONCE),
        (on_a_loop, "idiomatic", AT_ONCE),
        (on_a_loop, "sequential", IN_A_ROW),
        (on_a_loop, "concurrent", AT_ONCE),
    ],
)
def test_the_results_are_in_order_and_say_how_the_calls_were_made(run: Run, mode: Mode, at_once: int) -> None:
    results, took = run(five(mode), at_once)
    assert results == Made("sequential" if at_once == IN_A_ROW else "concurrent", [0, 1, 2, 3, 4])
    assert took >= 5 / at_once * PAUSE - 0.001  # asyncio.sleep may return one clock tick early


@pytest.mark.parametrize("mode", ["idiomatic", "sequential"])
def test_on_a_thread_nothing_is_begun_after_a_failure(mode: Mode) -> None:
    begun = []

    def once(number: int) -> None:
        begun.append(number)
        if number == 1:
            raise timed_out("Too late.")

    with pytest.raises(Problem, match=r"^Too late\.$"):
        sync_app.several.several(five(mode), once)
    assert begun == [0, 1]


def test_on_many_threads_the_first_failure_in_order_surfaces_as_itself_once_all_have_ended() -> None:
    begun = threading.Barrier(5, timeout=SLACK)
    ended = []

    def once(number: int) -> None:
        begun.wait()
        ended.append(number)
        if number in (1, 3):
            raise timed_out(f"{number} is too late.")

    with pytest.raises(Problem, match=r"^1 is too late\.$"):
        sync_app.several.several(five("concurrent"), once)
    assert sorted(ended) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("mode", ["idiomatic", "concurrent"])
async def test_on_a_loop_one_failure_cancels_the_others_and_surfaces_as_itself(mode: Mode) -> None:
    cancelled = []

    async def once(number: int) -> None:
        if number == 3:
            raise timed_out("Too late.")
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(number)

    async with asyncio.timeout(10):
        with pytest.raises(Problem, match=r"^Too late\.$") as failure:
            await async_app.several.several(five(mode), once)
    assert failure.value.__cause__ is None
    assert failure.value.__suppress_context__
    assert sorted(cancelled) == [0, 1, 2, 4]


async def test_on_a_loop_nothing_is_begun_after_a_failure_in_a_row() -> None:
    begun = []

    async def once(number: int) -> None:
        begun.append(number)
        raise timed_out("Too late.")

    with pytest.raises(Problem, match=r"^Too late\.$"):
        await async_app.several.several(five("sequential"), once)
    assert begun == [0]


@pytest.mark.parametrize("mode", ["idiomatic", "sequential", "concurrent"])
async def test_on_a_loop_who_is_cancelled_cancels_all_of_them(mode: Mode) -> None:
    begun, ended = asyncio.Event(), []

    async def once(number: int) -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            ended.append(number)

    task = asyncio.create_task(async_app.several.several(five(mode), once))
    async with asyncio.timeout(10):
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert 0 in ended
