"""Three coroutines at once: all of them begin before any of them ends."""

import asyncio
import sys


async def tea(name: str) -> None:
    """Put a kettle on, and let the others do the same until it boils."""
    print(f"{name} puts the kettle on")
    await asyncio.sleep(1)  # back here after a second, or when whoever runs then awaits something in turn
    print(f"{name} has tea")


async def everybody() -> None:
    """Three of them, until the last one has tea."""
    async with asyncio.TaskGroup() as group:
        for name in ("Ada", "Grace", "Radia"):
            group.create_task(tea(name))


def main() -> None:
    """Make an event loop, run them on it, and clear everything away: what a script needs, in one line."""
    asyncio.run(everybody())


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)  # what a shell calls Ctrl-C
