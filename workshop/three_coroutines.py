"""Three coroutines at once: all of them begin before any of them ends."""

import asyncio
import sys


async def tea(name: str) -> None:
    """Wait a second for the kettle, while the other coroutines run."""
    print(f"{name} puts the kettle on")
    await asyncio.sleep(1)  # resumes after a second, once the coroutine that then runs awaits too
    print(f"{name} has tea")


async def everybody() -> None:
    """Run three coroutines until the last one has tea."""
    async with asyncio.TaskGroup() as group:
        for name in ("Ada", "Grace", "Radia"):
            group.create_task(tea(name))


def main() -> None:
    """Make an event loop, run the coroutines on it, and clean up: all that a script needs, in one line."""
    asyncio.run(everybody())


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)  # the status that a shell gives Ctrl-C
