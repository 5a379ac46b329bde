import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event

import pytest

import async_app.seats
import sync_app.seats
from contract.problems import Problem
from contract.settings import Settings

TIMEOUT = 0.1
TWO = Settings(pool_size=2, pool_timeout=TIMEOUT)
ONE = Settings(pool_size=1, pool_timeout=10)


def one_too_many_on_threads() -> tuple[Problem, float]:
    seats = sync_app.seats.Seats("upstream", TWO)
    with seats.seat(), seats.seat():
        began = time.perf_counter()
        with pytest.raises(Problem) as refusal, seats.seat():
            pass
        took = time.perf_counter() - began
    with seats.seat(), seats.seat():
        return refusal.value, took


def one_too_many_on_a_loop() -> tuple[Problem, float]:
    async def one_too_many() -> tuple[Problem, float]:
        seats = async_app.seats.Seats("upstream", TWO)
        async with seats.seat(), seats.seat():
            began = time.perf_counter()
            with pytest.raises(Problem) as refusal:
                async with seats.seat():
                    pass
            took = time.perf_counter() - began
        async with seats.seat(), seats.seat():
            return refusal.value, took

    return asyncio.run(one_too_many())


@pytest.mark.parametrize("one_too_many", [one_too_many_on_threads, one_too_many_on_a_loop])
def test_a_request_that_finds_no_seat_in_time_is_told_to_come_again(
    one_too_many: Callable[[], tuple[Problem, float]],
) -> None:
    refusal, took = one_too_many()
    assert (refusal.status, refusal.headers) == (503, {"Retry-After": "1"})
    assert refusal.detail == "None of the 2 connections of this process to the upstream was free within 0.1 s."
    assert TIMEOUT - 0.002 <= took < TIMEOUT + 2


def test_on_threads_a_seat_is_given_back_whatever_happens() -> None:
    seats = sync_app.seats.Seats("upstream", ONE)
    for _ in range(3):
        with suppress(RuntimeError), seats.seat():
            raise RuntimeError
    with seats.seat():
        pass


def test_on_threads_a_seat_that_gets_free_goes_to_who_waits() -> None:
    seats, seated = sync_app.seats.Seats("upstream", ONE), Event()

    def sit() -> None:
        with seats.seat():
            seated.set()

    with ThreadPoolExecutor() as pool:
        with seats.seat():
            waits = pool.submit(sit)
            assert not seated.wait(0.05)
        assert seated.wait(10)
        waits.result()


async def test_on_a_loop_a_seat_is_given_back_whatever_happens() -> None:
    seats = async_app.seats.Seats("upstream", ONE)
    for _ in range(3):
        with suppress(RuntimeError):
            async with seats.seat():
                raise RuntimeError

    async def sit() -> None:
        async with seats.seat():
            seated.set()
            await asyncio.Event().wait()

    for _ in range(3):
        seated = asyncio.Event()
        task = asyncio.create_task(sit())
        async with asyncio.timeout(5):
            await seated.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_on_a_loop_who_gives_up_waiting_takes_no_seat() -> None:
    seats, seated = async_app.seats.Seats("upstream", ONE), asyncio.Event()

    async def sit() -> None:
        async with seats.seat():
            seated.set()

    async with seats.seat():
        gives_up, waits = asyncio.create_task(sit()), asyncio.create_task(sit())
        await asyncio.sleep(0)  # both wait
        gives_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gives_up
        assert not seated.is_set()
    async with asyncio.timeout(5):
        await waits
    assert seated.is_set()
