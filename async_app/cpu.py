"""Not waiting at all: the control."""

import time

from contract.parameters import Duration


async def cpu(asked: Duration) -> None:
    """Use that much CPU time of this thread."""
    end = time.thread_time() + asked.duration
    while time.thread_time() < end:
        pass  # holds the whole loop, and a core
