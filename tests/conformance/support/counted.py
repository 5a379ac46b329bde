"""The metrics of a service as numbers."""

from prometheus_client.parser import text_string_to_metric_families

from loadtest.processes.service import Running
from tests.conformance.support.wire import ask
from tests.support.stalls import eventually

Counted = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Counts:
    """The samples of one response of /metrics."""

    def __init__(self, url: str) -> None:
        answer = ask(url, "/metrics")
        assert answer.status == 200, answer.body
        self.pid = answer.pid
        """The process that answered."""
        self._samples: Counted = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.body.decode())
            for sample in family.samples
        }

    def names(self) -> set[str]:
        return {name for name, _ in self._samples}

    def __call__(self, name: str, **labels: str) -> float:
        """Return one sample, or 0 if it was never counted."""
        return self._samples.get((name, frozenset(labels.items())), 0.0)

    def sum(self, name: str) -> float:
        """Return the sum of all samples of a name."""
        return sum(value for (found, _), value in self._samples.items() if found == name)


def in_flight(url: str) -> float:
    """Return the number of requests that wait now, in all processes."""
    return Counts(url)("http_requests_in_flight")


def left(url: str, operation: str) -> float:
    """Return the number of requests that were cancelled because their clients had left."""
    return Counts(url)("http_requests_total", operation=operation, status="499")


def settled(service: Running) -> Counts:
    """Return counts that include all requests so far.

    An event loop writes its own with a delay, but before it answers with them: every process is asked.
    """
    asked: set[int] = set()

    def every_process_is_asked() -> bool:
        asked.add(Counts(service.url).pid)
        return len(asked) == service.service.workers

    eventually(every_process_is_asked)
    return Counts(service.url)
