"""Back pressure: how many requests may wait in one process."""

import threading
from types import TracebackType

from contract.places import Place
from contract.problems import too_many_in_flight
from serving.metrics import InFlightGauge


class InFlight(Place):
    """`limit` places for the requests that wait."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0
        self._gauge = InFlightGauge()
        self._lock = threading.Lock()  # another thread may run between any two steps

    def __enter__(self) -> None:
        with self._lock:
            if self._taken >= self._limit:
                raise too_many_in_flight(self._limit)
            self._taken += 1
            self._gauge.show(self._taken)

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        with self._lock:
            self._taken -= 1
            self._gauge.show(self._taken)

    def keep(self) -> None:
        """Keep a place that has been taken beyond its context: it takes one more exit to give it back."""
        with self._lock:
            self._taken += 1
