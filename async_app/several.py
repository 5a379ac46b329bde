"""Several calls in one of three modes: as a plain handler makes them, one after the other, or all at once."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from contract.bodies import Made
from contract.parameters import Fanout

T = TypeVar("T")


async def several(asked: Fanout, once: Callable[[int], Coroutine[Any, Any, T]]) -> Made[T]:
    """Call `once` with each number from 0 to n - 1, and return the results in order."""
    if asked.mode != "sequential":
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(once(number)) for number in range(asked.n)]  # holds n coroutines, and this
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return Made("concurrent", [task.result() for task in tasks])
    return Made("sequential", [await once(number) for number in range(asked.n)])  # holds a coroutine, n times as long
