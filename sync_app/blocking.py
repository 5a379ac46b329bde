"""A blocking call: harmless on a thread, a mistake on an event loop, and the correct way to make it there."""

import time

from contract.parameters import Duration


def blocking(asked: Duration) -> None:
    """Block for `duration` seconds, directly in the handler."""
    time.sleep(asked.duration)  # holds a thread


def offload(asked: Duration) -> None:
    """Block for `duration` seconds, on a thread that holds up no other request."""
    time.sleep(asked.duration)  # holds a thread, which no other request uses
