"""The same three coroutines on an event loop made by hand: to see what it is, not to be used."""

import asyncio
import signal
import sys
from contextlib import suppress


async def tea(name: str) -> None:
    """Put a kettle on, and let the others do the same until it boils."""
    print(f"{name} puts the kettle on")
    await asyncio.sleep(1)
    print(f"{name} has tea")


async def everybody() -> None:
    """Three of them, until the last one has tea."""
    async with asyncio.TaskGroup() as group:
        for name in ("Ada", "Grace", "Radia"):
            group.create_task(tea(name))


def main() -> None:
    """Make an event loop, run them on it, and close it whatever happened."""
    loop = asyncio.new_event_loop()  # set_event_loop is not needed: coroutines find the loop that runs them
    try:
        three = loop.create_task(everybody())
        with suppress(NotImplementedError):  # on Windows
            loop.add_signal_handler(signal.SIGINT, three.cancel)  # as asyncio.run: Ctrl-C ends tasks, not their loop
        loop.run_until_complete(three)
    finally:
        # Before this, asyncio.run does three things more, and here nobody does: it cancels tasks that nobody waited
        # for, shuts down async generators that were left half-way, and joins the threads of asyncio.to_thread.
        loop.close()


if __name__ == "__main__":
    try:
        main()
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)  # what a shell calls Ctrl-C
