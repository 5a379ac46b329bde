"""Checks that ask for /healthz while the service does something else."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress

import psutil

from loadtest.exercises.trial import TICK, Observation, Sent, Trial

from .overlap import free_loop

LENGTH = 5
BLOCK = 100_000
"""Numbers whose digits a computation sums, or a multiple of them: the checker then knows the sum in advance."""

COMPUTED_FOR = 0.6
"""Seconds of CPU time that a computation is made to take."""

MEANWHILE = 3
"""Answers of /healthz that must arrive during a computation. One may have been on its way when it began."""

SHARE = 0.15
"""Seconds of CPU time from which on a process is said to have computed."""

PATIENT = 20.0
"""Seconds for two computations: other programs may use the cores."""


async def careless(trial: Trial) -> AsyncIterator[Observation]:
    """Check that the event loop is free while a request waits for the upstream."""
    slow = trial.send("/slow")
    yield (observed := await trial.overlap(1, [slow]))
    if observed.passed:
        yield (observed := await free_loop(trial))
    if observed.passed:
        trial.upstream.release()
        yield await trial.answered([slow], "slow")


async def computing(trial: Trial) -> AsyncIterator[Observation]:
    """Check that the event loop is free during a computation, and that two of them have a process each."""
    blocks = size()
    before = _clocks(trial)
    both = [trial.send(f"/digits?n={blocks * BLOCK}") for _ in range(2)]
    answers, after = await _during(trial, both)
    times = "once" if answers == 1 else f"{answers} times"
    if answers < MEANWHILE:
        yield Observation(f"During two computations /healthz was answered {times}: the event loop was held.", False)
        return
    yield Observation(f"During two computations /healthz was answered {times}.", True)
    busy = sum(after[each] - before.get(each, 0.0) >= SHARE for each in after)
    if busy < 2:
        yield Observation("One process made both computations: its threads share one interpreter lock.", False)
        return
    yield Observation("Two processes made the two computations.", True)
    yield await trial.answered(both, str(digits_below(blocks)), PATIENT)


async def _during(trial: Trial, sent: Sequence[Sent]) -> tuple[int, Mapping[int, float]]:
    """Count the answers of /healthz until one of `sent` is answered. Return them, and the clocks of the processes."""
    answers, ticks = 0, 0
    clocks = dict(_clocks(trial))
    asked = trial.send("/healthz")
    while not any(each.done() for each in sent) and ticks < PATIENT / TICK:
        await asyncio.sleep(TICK)
        ticks += 1
        if asked.done() and not any(each.done() for each in sent):
            answers += asked.result().status == 200
            asked = trial.send("/healthz")
        clocks |= _clocks(trial)
    return answers, clocks


def _clocks(trial: Trial) -> Mapping[int, float]:
    """Return the CPU seconds of each process of a service."""
    clocks = {}
    for each in trial.box.processes():
        with suppress(psutil.Error):
            clocks[each.pid] = sum(each.cpu_times()[:2])
    return clocks


def digits(n: int) -> int:
    """Return the sum of the digits of all numbers below `n`, as the service computes it."""
    return sum(int(digit) for number in range(n) for digit in str(number))


def digits_below(blocks: int) -> int:
    """Return the same sum for `blocks` times BLOCK, from the blocks: each has all endings of LENGTH digits once."""
    return blocks * 45 * LENGTH * BLOCK // 10 + BLOCK * digits(blocks)


def size() -> int:
    """Return the number of blocks that take about COMPUTED_FOR seconds of CPU time on this machine."""
    began = time.thread_time()
    digits(BLOCK // 2)
    return max(1, round(COMPUTED_FOR / (2 * (time.thread_time() - began))))
