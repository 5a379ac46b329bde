"""The round trip of a file to the disk and back, with blocking calls."""

import errno
import os
from hashlib import file_digest
from io import BufferedRandom
from tempfile import TemporaryFile

from contract.contents import blocks
from contract.problems import disk_full, no_directory

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def there_and_back(size: int, directory: str | None) -> str:
    """Write `size` bytes, wait until they are on the disk, read them back and return their SHA-256 in hexadecimal.

    The file has no name, so nothing of it remains after any failure. Raises Problem: 507 if the disk is full, 503 if no
    file can be created in the directory.
    """
    try:
        with _created(directory) as file:
            for block in blocks(size):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        if error.errno in FULL:
            raise disk_full() from None
        raise


def _created(directory: str | None) -> BufferedRandom:
    try:
        return TemporaryFile(dir=directory)
    except OSError as error:
        if error.errno in FULL:
            raise
        raise no_directory() from None
