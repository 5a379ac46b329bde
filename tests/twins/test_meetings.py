import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

import async_app.meetings
import sync_app.meetings
from contract.parameters import Meeting

Round = list[Meeting]
Hold = Callable[[list[Round]], list[list[bool]]]


def on_threads(rounds: list[Round]) -> list[list[bool]]:
    meetings = sync_app.meetings.Meetings()
    with ThreadPoolExecutor(10) as pool:
        return [list(pool.map(meetings.barrier, asked)) for asked in rounds]


def on_a_loop(rounds: list[Round]) -> list[list[bool]]:
    async def hold() -> list[list[bool]]:
        meetings = async_app.meetings.Meetings()
        return [await asyncio.gather(*map(meetings.barrier, asked)) for asked in rounds]

    return asyncio.run(hold())


def guests(number: int, n: int, timeout: float = 0.1) -> Round:
    return [Meeting.model_construct(n=n, timeout=timeout) for _ in range(number)]


@pytest.mark.parametrize("hold", [on_threads, on_a_loop])
@pytest.mark.parametrize(
    ("rounds", "met"),
    [
        ([guests(1, n=1, timeout=0)], [[True]]),
        ([guests(3, n=3, timeout=10)], [[True, True, True]]),
        ([guests(2, n=3)], [[False, False]]),
        ([guests(6, n=3, timeout=10)], [[True] * 6]),
        ([guests(2, n=2, timeout=10), guests(2, n=2, timeout=10)], [[True, True], [True, True]]),
        ([guests(2, n=2, timeout=10), guests(1, n=2)], [[True, True], [False]]),
        ([guests(1, n=2), guests(1, n=2)], [[False], [False]]),
        ([guests(1, n=2) + guests(1, n=3)], [[False, False]]),
        ([guests(2, n=2, timeout=10) + guests(1, n=3)], [[True, True, False]]),
    ],
    ids=[
        "one is enough for one",
        "three meet",
        "two wait for a third in vain",
        "six are two parties of three",
        "a second party meets after the first",
        "a late request begins a party",
        "a request that has left is not counted",
        "parties of two and of three do not mix",
        "a party that meets leaves the others waiting",
    ],
)
def test_as_many_meet_as_are_asked_for(hold: Hold, rounds: list[Round], met: list[list[bool]]) -> None:
    assert hold(rounds) == met


async def test_a_request_that_is_cancelled_frees_its_seat() -> None:
    meetings = async_app.meetings.Meetings()
    leaves = asyncio.create_task(meetings.barrier(Meeting.model_construct(n=2, timeout=10)))
    await asyncio.sleep(0)  # it takes its seat
    leaves.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaves
    assert not await meetings.barrier(Meeting.model_construct(n=2, timeout=0.05))
