import asyncio
import json
import time
from collections.abc import Callable, Iterator

import pytest

import async_app.streams
import sync_app.streams
from contract.parameters import Drip, Events, Paced
from tests.support.stalls import SLACK, at_best, within

Piece = tuple[float, bytes]
Run = Callable[[Paced, float], tuple[float, list[Piece]]]
"""From a request and the seconds to take each piece: seconds until the stream, then pieces with the seconds since."""

LATE = 0.5
"""Seconds of delay that a busy machine may add. A stall adds more; then the test is run again."""


def on_a_thread(asked: Paced, taking: float = 0.0) -> tuple[float, list[Piece]]:
    called = time.perf_counter()
    stream = sync_app.streams.drip(asked) if isinstance(asked, Drip) else sync_app.streams.sse(asked)  # type: ignore[arg-type] # one or the other
    began = time.perf_counter()

    def pieces() -> Iterator[Piece]:
        for piece in stream:
            yield time.perf_counter() - began, piece
            time.sleep(taking)

    return began - called, list(pieces())


def on_a_loop(asked: Paced, taking: float = 0.0) -> tuple[float, list[Piece]]:
    async def run() -> tuple[float, list[Piece]]:
        called = time.perf_counter()
        twin = async_app.streams
        stream = await (twin.drip(asked) if isinstance(asked, Drip) else twin.sse(asked))  # type: ignore[arg-type] # see above
        began = time.perf_counter()
        found = []
        async for piece in stream:
            found.append((time.perf_counter() - began, piece))
            await asyncio.sleep(taking)
        return began - called, found

    return asyncio.run(run())


BOTH = pytest.mark.parametrize("run", [on_a_thread, on_a_loop])


def drip(numbytes: int, duration: float, delay: float = 0.0) -> Drip:
    return Drip.model_construct(duration=duration, numbytes=numbytes, delay=delay, code=200)


@BOTH
@at_best()
@pytest.mark.parametrize(
    ("asked", "first", "due"),
    [
        (drip(5, duration=0.2), 0.0, [0.0, 0.05, 0.1, 0.15, 0.2]),
        (drip(2, duration=0.1, delay=0.1), 0.1, [0.0, 0.1]),
        (drip(1, duration=0.5), 0.0, [0.0]),
    ],
    ids=["spread over the duration", "after the delay", "one alone does not wait"],
)
def test_each_byte_comes_in_its_time(run: Run, asked: Drip, first: float, due: list[float]) -> None:
    delay, pieces = run(asked, 0.0)
    assert [piece for _, piece in pieces] == [b"*"] * asked.numbytes
    for came, at_least in zip([delay, *(came for came, _ in pieces)], [first, *due], strict=True):
        assert came >= at_least
        within(at_least + LATE, came)


@BOTH
def test_bytes_that_take_no_time_come_in_one_piece(run: Run) -> None:
    _, pieces = run(drip(2**20, duration=0.0), 0.0)
    assert [len(piece) for _, piece in pieces] == [2**20]
    assert pieces[0][0] < SLACK


@BOTH
@at_best()
def test_a_client_that_takes_a_piece_slowly_does_not_make_the_next_one_late(run: Run) -> None:
    _, pieces = run(drip(21, duration=0.4), 0.018)  # of each 0.02 s; with drift, the sum would be 0.76 s
    assert pieces[-1][0] >= 0.4
    within(0.7, pieces[-1][0])


@BOTH
@at_best()
def test_events_are_numbered_and_timed(run: Run) -> None:
    before = time.time()
    _, pieces = run(Events.model_construct(count=3, duration=0.2, delay=0.0), 0.0)
    for number, (came, piece) in enumerate(pieces):
        assert came >= number * 0.1
        within(number * 0.1 + LATE, came)
        kind, data, *end = piece.split(b"\n")
        event = json.loads(data.removeprefix(b"data: "))
        assert (kind, event["id"], end) == (b"event: ping", number, [b"", b""])
        assert event["timestamp"] >= (before + number * 0.1) * 1000 - 2
        within(LATE, event["timestamp"] / 1000 - before - came)


def test_a_stream_on_a_thread_can_be_closed_before_it_begins_and_in_its_midst() -> None:
    for taken in (0, 1):
        stream = sync_app.streams.drip(drip(5, duration=10))
        for _ in range(taken):
            next(stream)
        stream.close()  # type: ignore[attr-defined] # see Chunks
        assert list(stream) == []


async def test_a_stream_on_a_loop_can_be_closed_before_it_begins_and_in_its_midst() -> None:
    for taken in (0, 1):
        stream = await async_app.streams.drip(drip(5, duration=10))
        for _ in range(taken):
            await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined] # see Chunks
        assert [piece async for piece in stream] == []
