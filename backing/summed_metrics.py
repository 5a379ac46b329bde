"""The sums of the metrics of several replicas of a service, in Prometheus' text format."""

from collections.abc import Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

PEAKS = frozenset({"http_requests_in_flight_peak"})
"""The gauges that are the most of anything in one process: of several replicas the largest counts, not the sum."""

ANSWERS = "replica_answers"
"""The name of the gauge that says of each replica whether its metrics are in the sums: 1, or 0."""


def summed(expositions: Iterable[str]) -> list[Metric]:
    """Return the metrics of several replicas as those of one: samples of the same name and labels are added.

    `expositions`: the metrics of each replica, in Prometheus' text format. Counters and the buckets of histograms are
    added, and gauges, which are numbers of requests or connections now; of PEAKS the largest is taken.

    Raises:
        ValueError: if a text is in another format.

    """
    families: dict[str, Metric] = {}
    sums: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for exposition in expositions:
        for family in text_string_to_metric_families(exposition):
            families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            known = sums.setdefault(family.name, {})
            for sample in family.samples:
                key = sample.name, tuple(sample.labels.items())
                before = known.get(key, 0.0)
                known[key] = max(before, sample.value) if family.name in PEAKS else before + sample.value
    for name, samples in sums.items():
        for (sample_name, labels), value in samples.items():
            families[name].add_sample(sample_name, dict(labels), value)
    return [*families.values()]


def exposition(answers: Mapping[str, str | None]) -> bytes:
    """Return the summed metrics of replicas and which of them are in the sums, in Prometheus' text format.

    `answers`: the metrics of each replica by its address, or None if it gave none.

    Raises:
        ValueError: if the metrics of a replica are in another format.

    """
    replicas = Metric(ANSWERS, "1 if the metrics of the replica are in the sums, 0 if it does not answer.", "gauge")
    for address, answer in answers.items():
        replicas.add_sample(ANSWERS, {"replica": address}, float(answer is not None))
    registry = CollectorRegistry()
    registry.register(_Fixed([replicas, *summed(answer for answer in answers.values() if answer is not None)]))
    return generate_latest(registry)


class _Fixed(Collector):
    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics
