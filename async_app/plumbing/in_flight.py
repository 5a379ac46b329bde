"""Back pressure: a limit on the requests that wait in one process."""

from types import TracebackType

from contract.places import Place
from contract.problems import too_many_in_flight
from serving.metrics import LoopInFlightGauge


class InFlight(Place):
    """A set of `limit` places for waiting requests. Entering it raises Problem (503) if no place is free."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0
        self._gauge = LoopInFlightGauge()
        # no lock: another coroutine can run only at an await

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
        """Keep a taken place beyond its context, until one more exit gives it back."""
        self._taken += 1
