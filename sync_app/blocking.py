"""A blocking call: harmless on a thread, a pitfall on an event loop, and the repair."""

import time

from contract.parameters import Duration


def blocking(asked: Duration) -> None:
    """Make the blocking call right here."""
    time.sleep(asked.duration)  # holds a thread


def offload(asked: Duration) -> None:
    """Make the blocking call where it holds up nobody else."""
    time.sleep(asked.duration)  # holds a thread: this one is nobody else's
