import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event

import pytest

import async_app.plumbing.pools
import sync_app.plumbing.pools
from contract.problems import Problem
from contract.settings import Settings
from tests.support.stalls import SLACK

TIMEOUT = 0.1
TWO = Settings(pool_size=2, pool_timeout=TIMEOUT)
ONE = Settings(pool_size=1, pool_timeout=30)


def one_too_many_on_threads() -> tuple[Problem, float]:
    queue = sync_app.plumbing.pools.PoolQueue("upstream", TWO)
    with queue.turn(), queue.turn():
        began = time.perf_counter()
        with pytest.raises(Problem) as refusal, queue.turn():
            pass
        took = time.perf_counter() - began
    with queue.turn(), queue.turn():
        return refusal.value, took


def one_too_many_on_a_loop() -> tuple[Problem, float]:
    async def one_too_many() -> tuple[Problem, float]:
        queue = async_app.plumbing.pools.PoolQueue("upstream", TWO)
        async with queue.turn(), queue.turn():
            began = time.perf_counter()
            with pytest.raises(Problem) as refusal:
                async with queue.turn():
                    pass
            took = time.perf_counter() - began
        async with queue.turn(), queue.turn():
            return refusal.value, took

    return asyncio.run(one_too_many())


@pytest.mark.parametrize("one_too_many", [one_too_many_on_threads, one_too_many_on_a_loop])
def test_a_request_that_finds_no_connection_in_time_is_told_to_come_again(
    one_too_many: Callable[[], tuple[Problem, float]],
) -> None:
    refusal, took = one_too_many()
    assert (refusal.status, refusal.headers) == (503, {"Retry-After": "1"})
    assert refusal.detail == "No connection of this process to the upstream became free within 0.1 s (pool size: 2)."
    assert TIMEOUT - 0.002 <= took < TIMEOUT + SLACK


def test_on_threads_a_turn_is_given_back_whatever_happens() -> None:
    queue = sync_app.plumbing.pools.PoolQueue("upstream", ONE)
    for _ in range(3):
        with suppress(RuntimeError), queue.turn():
            raise RuntimeError
    with queue.turn():
        pass


def test_on_threads_a_connection_that_gets_free_goes_to_who_waits() -> None:
    queue, had = sync_app.plumbing.pools.PoolQueue("upstream", ONE), Event()

    def take() -> None:
        with queue.turn():
            had.set()

    with ThreadPoolExecutor() as pool:
        with queue.turn():
            waits = pool.submit(take)
            assert not had.wait(0.05)
        assert had.wait(SLACK)
        waits.result()


async def test_on_a_loop_a_turn_is_given_back_whatever_happens() -> None:
    queue = async_app.plumbing.pools.PoolQueue("upstream", ONE)
    for _ in range(3):
        with suppress(RuntimeError):
            async with queue.turn():
                raise RuntimeError

    async def take() -> None:
        async with queue.turn():
            had.set()
            await asyncio.Event().wait()

    for _ in range(3):
        had = asyncio.Event()
        task = asyncio.create_task(take())
        async with asyncio.timeout(SLACK):
            await had.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_on_a_loop_who_gives_up_waiting_takes_no_turn() -> None:
    queue, had = async_app.plumbing.pools.PoolQueue("upstream", ONE), asyncio.Event()

    async def take() -> None:
        async with queue.turn():
            had.set()

    async with queue.turn():
        gives_up, waits = asyncio.create_task(take()), asyncio.create_task(take())
        await asyncio.sleep(0)  # both wait
        gives_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gives_up
        assert not had.is_set()
    async with asyncio.timeout(SLACK):
        await waits
    assert had.is_set()
