"""A file's way to the disk and back: blocking calls, whoever makes them."""

import errno
import os
from hashlib import file_digest
from tempfile import TemporaryFile

from contract.contents import blocks
from contract.problems import disk_full

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def there_and_back(size: int, directory: str | None) -> str:
    """Write `size` bytes, wait until they are on the disk, read them back; their SHA-256, in hexadecimal.

    The file has no name, so that nothing is left of it whatever happens. A Problem (507) where there is no room, an
    OSError where nothing may be written.
    """
    try:
        with TemporaryFile(dir=directory) as file:
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
