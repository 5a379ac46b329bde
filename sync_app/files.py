"""Waiting for a disk."""

from contract.parameters import File
from serving.disk import there_and_back


def file(asked: File, directory: str | None) -> str:
    """Have a file written, synced, read back and deleted; the SHA-256 of what was read."""
    return there_and_back(asked.size, directory)  # holds a thread
