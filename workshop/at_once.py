"""Five tasks that each wait a second, as coroutines, all at once: one second."""

import asyncio
import sys
import time

TASKS = 5


async def task(number: int) -> None:
    """Wait a second, and print a line before and after."""
    print(f"task {number} begins")
    await asyncio.sleep(1)  # holds only this coroutine: the thread runs the others meanwhile
    print(f"task {number} ends")


async def tasks() -> None:
    """Run all tasks. The group exits when each of them has ended."""
    async with asyncio.TaskGroup() as group:
        for number in range(1, TASKS + 1):
            group.create_task(task(number))


def main() -> None:
    """Run all tasks, and print the seconds that they took."""
    began = time.perf_counter()
    asyncio.run(tasks())
    print(f"{time.perf_counter() - began:.3f} s at once")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)  # the status that a shell gives Ctrl-C
