"""Looking at what has been counted."""

from contract.parameters import Nothing
from serving.metrics import exposition


def metrics(_asked: Nothing) -> bytes:
    """What all processes of the service have counted and timed."""
    return exposition()  # holds a thread, for as long as it takes to read a few small files
