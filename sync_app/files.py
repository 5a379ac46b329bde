"""Waiting for a disk."""

from contract.parameters import File
from serving.disk import there_and_back


def file(asked: File, directory: str | None) -> str:
    """Write a file of `size` bytes, sync, read back and delete it; return the SHA-256 of the bytes read, in hex."""
    return there_and_back(asked.size, directory)  # holds a thread
