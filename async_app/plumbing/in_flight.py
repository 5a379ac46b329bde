"""Back pressure: how many requests may wait in one process."""

from types import TracebackType

from contract.places import Place
from contract.problems import too_many_in_flight
from serving.metrics import LoopInFlightGauge


class InFlight(Place):
    """`limit` places for the requests that wait."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0
        self._gauge = LoopInFlightGauge()
        # no lock: nothing else runs between two steps unless there is an await between them

    def __enter__(self) -> None:
        if self._taken >= self._limit:
            raise too_many_in_flight(self._limit)
        self._taken += 1
        self._gauge.show(self._taken)

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        self._taken -= 1
        self._gauge.show(self._taken)

    def keep(self) -> None:
        """Keep a place that has been taken beyond its context: it takes one more exit to give it back."""
        self._taken += 1
