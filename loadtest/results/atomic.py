"""Write files atomically: a file is complete or absent."""

import os
from pathlib import Path


def write(path: Path, text: str) -> Path:
    """Write `text` to a temporary file, sync it to the disk, let it replace `path`, and return `path`."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path
