import asyncio
import inspect
import time

import async_app.plumbing.waits
import sync_app.plumbing.waits
from contract.operations import OPERATIONS
from contract.parameters import Duration
from contract.settings import Settings
from tests.support.stalls import at_best, within

WAITING = {operation.name for operation in OPERATIONS if operation.waits_for != "nothing"}
PROMISED = WAITING | {"metrics"}  # reads files that other processes write


def test_what_waits_may_be_refused_for_too_many_in_flight() -> None:
    assert {operation.name for operation in OPERATIONS if 503 in operation.refusals} == WAITING


def test_sync_app_waits_for_each_operation_that_waits() -> None:
    with sync_app.plumbing.waits.open_waits(Settings()) as waits:
        assert waits.keys() == PROMISED


async def test_async_app_waits_for_each_operation_that_waits() -> None:
    async with async_app.plumbing.waits.open_waits(Settings()) as waits:
        assert waits.keys() == PROMISED
        assert all(map(inspect.iscoroutinefunction, waits.values()))


async def test_async_app_leaves_no_task_behind() -> None:
    async with async_app.plumbing.waits.open_waits(Settings()):
        assert len(asyncio.all_tasks()) > 1
    assert asyncio.all_tasks() == {asyncio.current_task()}


def offload_ten_times(threads: int) -> float:
    asked = Duration.model_construct(duration=0.05)

    async def ten_times() -> float:
        async with async_app.plumbing.waits.open_waits(Settings(threads=threads)) as waits:
            began = time.perf_counter()
            await asyncio.gather(*(waits["offload"](asked) for _ in range(10)))
            return time.perf_counter() - began

    return asyncio.run(ten_times())


def test_async_app_hands_blocking_calls_to_as_few_threads_as_it_is_told() -> None:
    assert offload_ten_times(threads=1) >= 10 * 0.05


@at_best()
def test_async_app_hands_blocking_calls_to_as_many_threads_as_it_is_told() -> None:
    took = offload_ten_times(threads=10)
    assert took >= 0.05
    within(10 * 0.05, took)  # the ten calls in a row
