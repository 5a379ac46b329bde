"""Three coroutines at once, on an event loop made by hand: to see what asyncio.run does, not to be used."""

import asyncio
import signal
import sys
from contextlib import suppress


async def tea(name: str) -> None:
    """Wait a second for the kettle, while the other coroutines run."""
    print(f"{name} puts the kettle on")
    await asyncio.sleep(1)
    print(f"{name} has tea")


async def everybody() -> None:
    """Run three coroutines until the last one has tea."""
    async with asyncio.TaskGroup() as group:
        for name in ("Ada", "Grace", "Radia"):
            group.create_task(tea(name))


def main() -> None:
    """Make an event loop, run the coroutines on it, and close it even after an error."""
    loop = asyncio.new_event_loop()  # set_event_loop is not needed: coroutines find the loop that runs them
    try:
        three = loop.create_task(everybody())
        with suppress(NotImplementedError):  # on Windows
            loop.add_signal_handler(signal.SIGINT, three.cancel)  # as asyncio.run: Ctrl-C cancels tasks, not the loop
        loop.run_until_complete(three)
    finally:
        # Before closing the loop, asyncio.run does three more things, left out here: it cancels the remaining tasks,
        # shuts down unfinished async generators, and joins the threads of asyncio.to_thread.
        loop.close()


if __name__ == "__main__":
    try:
        main()
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)  # the status that a shell gives Ctrl-C
