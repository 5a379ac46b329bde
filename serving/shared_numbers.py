"""The numbers behind the metrics, in memory that all processes of a service share.

gunicorn's master makes the memory, and its workers inherit it. Nothing of it is in a file system, where it could be
removed, be left behind or be found by another service.
"""

import json
import mmap
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Any

MOST = 1024
"""The maximum number of numbers of one process. Operations and statuses need fewer; what is beyond is not shown."""

LONGEST = 120
"""The maximum number of bytes in a name. Numbers with longer names are not shown."""

NAMES = 8 * (1 + MOST + 1)
"""The offset of the names in a part: after the number of names, the values, and one value that is never shown."""

PART = NAMES + MOST * LONGEST
"""The bytes of one process."""

EXTRA_PARTS = 8
"""Parts beyond two for each worker: a signal can tell gunicorn to add workers, or to replace all at once."""

LIVE = "live"
"""The start of the multiprocess mode of a metric that only living processes have, such as requests in flight."""


class Numbers:
    """Named numbers of several processes. Each process writes its own part, and reads all of them."""

    def __init__(self, parts: int) -> None:
        self.parts = parts
        self._memory = mmap.mmap(-1, parts * PART)
        self.values = memoryview(self._memory).cast("d")
        self._part = 0
        self._found: list[dict[str, int]] = [{} for _ in range(parts)]
        self._lock = Lock()

    def take(self, part: int) -> None:
        """Choose the part that this process writes. The counts of a dead process that wrote it are continued."""
        self._part = part
        self.forget(part)

    def forget(self, part: int) -> None:
        """Set the numbers of a part to zero that only a living process has."""
        for name, place in self._named(part).items():
            if json.loads(name)[0].startswith(LIVE):
                self.values[place] = 0.0

    def place(self, name: str) -> int:
        """Return the index in `values` of this process's number, which is added with the value 0 if it is new."""
        with self._lock:
            named = self._named(self._part)
            written, start = name.encode(), self._part * PART
            count = len(named)
            if name not in named and count < MOST and len(written) <= LONGEST:
                at = start + NAMES + count * LONGEST
                self._memory[at : at + LONGEST] = written.ljust(LONGEST)
                self.values[start // 8] = count + 1  # last: other processes read as many as this says
                named = self._named(self._part)
            return named.get(name, start // 8 + 1 + MOST)

    def all(self, name: str) -> list[float]:
        """Return this number of every process that has it."""
        return [self.values[self._found[part][name]] for part in range(self.parts) if name in self._named(part)]

    def names(self) -> Iterator[str]:
        """Yield the names of the numbers of all processes."""
        for part in range(self.parts):
            yield from [*self._named(part)]

    def _named(self, part: int) -> dict[str, int]:
        found, first = self._found[part], part * PART // 8
        for number in range(len(found), int(self.values[first])):
            at = part * PART + NAMES + number * LONGEST
            found[self._memory[at : at + LONGEST].rstrip().decode()] = first + 1 + number
        return found


numbers = Numbers(1)
"""The numbers of this process, or of all processes of the service once `share` was called."""


def share(workers: int) -> None:
    """Share the numbers of the processes that this one will fork: so many workers, and those that replace them."""
    global numbers  # noqa: PLW0603 - one service in each process
    numbers = Numbers(2 * workers + EXTRA_PARTS)


def assign(master: Any, worker: Any) -> None:
    """Assign a part of the numbers to a worker that will be forked: the first that no living worker has."""
    taken = {other.part for other in master.WORKERS.values()}
    worker.part = next(part for part in range(len(taken) + 1) if part not in taken)


def take(worker: Any) -> None:
    """Choose the part that was assigned to this worker. A worker without a part counts in memory of its own."""
    if worker.part < numbers.parts:
        numbers.take(worker.part)
    else:
        share(0)


def forget(_master: Any, worker: Any) -> None:
    """Drop the numbers that only a living worker has, such as its requests in flight."""
    if worker.part < numbers.parts:
        numbers.forget(worker.part)


def labels() -> Iterator[tuple[str, list[str]]]:
    """Yield the metric and the label values of the numbers of all processes."""
    for name in numbers.names():
        _mode, metric, _name, *found = json.loads(name)
        yield metric, found


class SharedNumber:
    """One number of a metric, as prometheus_client expects it. Writes change that of this process, reads combine all.

    Thread-safe.
    """

    def __init__(
        self,
        _kind: str,
        metric: str,
        name: str,
        _labels: Sequence[str],
        values: Sequence[str],
        _about: str,
        multiprocess_mode: str = "",
    ) -> None:
        self._name = json.dumps([multiprocess_mode, metric, name, *values])
        self._most = multiprocess_mode == "max"
        self._values = numbers.values
        self._place = numbers.place(self._name)
        self._lock = Lock()

    def inc(self, amount: float) -> None:
        """Add `amount` to the number of this process."""
        with self._lock:
            self._values[self._place] += amount

    def set(self, value: float) -> None:
        """Set the number of this process."""
        self._values[self._place] = value

    def get(self) -> float:
        """Return the sum of the numbers of all processes, or the largest of them."""
        found = numbers.all(self._name)
        return max(found, default=0.0) if self._most else sum(found)

    def set_exemplar(self, _exemplar: Any) -> None:
        """Do nothing: no metric here has exemplars."""

    def get_exemplar(self) -> None:
        """Return None: no metric here has exemplars."""
