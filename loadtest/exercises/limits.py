"""The limits within which a learner's file runs."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """The limits of all processes of one file together."""

    listen: float = 15.0
    """Seconds until a service listens."""
    seconds: float = 60.0
    """Seconds from the start to the end."""
    cpu: float = 12.0
    """Seconds of CPU time."""
    memory: int = 1024 * MIB
    """Bytes of resident memory."""
    processes: int = 16
    """Processes that the file starts."""
    written: int = 64 * MIB
    """Bytes that are written to files."""
    printed: int = MIB
    """Bytes that are printed."""
