"""The metrics of a service as numbers."""

from prometheus_client.parser import text_string_to_metric_families

from tests.conformance.support.wire import ask

Counted = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Counts:
    """The samples of one response of /metrics."""

    def __init__(self, url: str) -> None:
        answer = ask(url, "/metrics")
        assert answer.status == 200, answer.body
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
