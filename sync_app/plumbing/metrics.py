"""The metrics of the service."""

from contract.parameters import Nothing
from serving.metrics import exposition


def metrics(_asked: Nothing) -> bytes:
    """Return the metrics of all processes of the service, in Prometheus' text format."""
    return exposition()  # holds a thread while it reads a few small files
