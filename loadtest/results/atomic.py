"""Files that are there whole, or not at all."""

import os
from pathlib import Path


def write(path: Path, text: str) -> Path:
    """Write `text` to `path`, in place of what was there, once all of it is on the disk; `path` again."""
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
