"""The content of the files that /file writes."""

from collections.abc import Iterator
from hashlib import sha256

BLOCK = bytes(range(256)) * 256
"""64 KiB, repeated until a file is full, so that every service reads back the same bytes."""


def blocks(size: int) -> Iterator[bytes]:
    """Yield the content of a file of `size` bytes, 64 KiB at a time."""
    for _ in range(size // len(BLOCK)):
        yield BLOCK
    yield BLOCK[: size % len(BLOCK)]


def digest(size: int) -> str:
    """Return the SHA-256, in hexadecimal, of a file of `size` bytes."""
    found = sha256()
    for block in blocks(size):
        found.update(block)
    return found.hexdigest()
