"""The output of services that a run starts, as it is kept for their user."""

import os
import re
from collections.abc import Sequence
from datetime import datetime
from typing import IO

from loadtest.contenders.secrets import NO_SECRETS, Secrets

FIRST, LAST = 64 * 1024, 192 * 1024
"""Bytes from the beginning and from the end of the output of one start that are kept."""

LONGEST_NAME = 80
"""Characters of a service's name in that of its file."""


class Logs:
    """The output of services, start by start, without secrets."""

    def __init__(self, secrets: Secrets = NO_SECRETS) -> None:
        self._secrets = secrets
        self._starts: dict[str, list[str]] = {}

    def add(self, service: str, command: Sequence[str], began: datetime, log: IO[bytes]) -> None:
        """Keep the output of one start of a service, which has ended."""
        starts = self._starts.setdefault(service, [])
        head = f"=== start {len(starts) + 1}, {began.isoformat(' ', 'seconds')}: {' '.join(command)}"
        starts.append(f"{self._secrets.masked(head)}\n{self._kept(log.fileno())}")

    def files(self) -> dict[str, str]:
        """Return the text for each service by the name of its file."""
        found: dict[str, str] = {}
        for service, starts in self._starts.items():
            plain = re.sub(r"[^a-z0-9_-]", "_", service.lower())[:LONGEST_NAME]  # on some systems case does not count
            name, number = plain, 1
            while f"{name}.log" in found:
                number += 1
                name = f"{plain}-{number}"
            found[f"{name}.log"] = "\n".join(starts)
        return found

    def _kept(self, file: int) -> str:
        size = os.fstat(file).st_size
        if size <= FIRST + LAST:
            return self._part(file, 0, size)
        # a secret that a cut divides would not be recognized: what is masked is longer by the longest secret
        more = max((len(form.encode()) for form in self._secrets.forms), default=0)
        first = self._part(file, 0, FIRST + more)
        first = first[: first.rfind("\n", 0, len(first) - more) + 1]
        last = self._part(file, size - LAST - more, LAST + more)[more:]
        last = last[last.find("\n") + 1 :]
        return f"{first}=== about {size - FIRST - LAST} bytes are left out here\n{last}"

    def _part(self, file: int, start: int, count: int) -> str:
        found: str = self._secrets.masked(os.pread(file, count, start).decode(errors="replace"))
        return found
