"""A person's answer, without holding the event loop: a clock goes on while somebody types."""

import asyncio
import sys


async def clock() -> None:
    """Print a line every half second."""
    while True:
        await asyncio.sleep(0.5)
        print("tick")


async def answer() -> str:
    """Return the line that a person types."""
    loop = asyncio.get_running_loop()
    typed = asyncio.Event()
    loop.add_reader(sys.stdin, typed.set)
    try:
        await typed.wait()  # holds only this coroutine; input() would hold the thread, and the clock with it
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline().strip()


async def main() -> None:
    """Ask a question, and let the clock go on until it is answered."""
    print("What is for lunch?")
    ticking = asyncio.create_task(clock())
    lunch = await answer()
    ticking.cancel()
    print(f"{lunch or 'nothing'} it is")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        sys.exit(130)  # the status that a shell gives Ctrl-C
