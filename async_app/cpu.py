"""CPU work instead of a wait: the control."""

import time

from contract.parameters import Duration


async def cpu(asked: Duration) -> None:
    """Use `duration` seconds of this thread's CPU time."""
    end = time.thread_time() + asked.duration
    while time.thread_time() < end:
        pass  # holds the whole loop, and a core
