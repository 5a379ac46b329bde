"""The same five tasks as coroutines, all at once: one second together."""

import asyncio
import sys
import time

TASKS = 5


async def task(number: int) -> None:
    """Wait a second, and say so before and after."""
    print(f"task {number} begins")
    await asyncio.sleep(1)  # holds this coroutine only: the thread goes on with the others
    print(f"task {number} ends")


async def tasks() -> None:
    """Run them all; the group's end is reached when each of them has ended."""
    async with asyncio.TaskGroup() as group:
        for number in range(1, TASKS + 1):
            group.create_task(task(number))


def main() -> None:
    """Run them all, and print the seconds that they took."""
    began = time.perf_counter()
    asyncio.run(tasks())
    print(f"{time.perf_counter() - began:.3f} s at once")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)  # what a shell calls Ctrl-C
