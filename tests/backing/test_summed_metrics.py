import pytest
from prometheus_client import Gauge

import serving.metrics
from backing.summed_metrics import PEAKS, exposition


def replica(counted: int, in_flight: int, peak: int, fast: int, slow: int) -> str:
    """Return the metrics of a replica. `fast`, `slow`: how often the event loop was late by 0.05 and by 0.5 s."""
    return f"""\
# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{{operation="delay",status="200"}} {counted}.0
# HELP http_requests_in_flight Now.
# TYPE http_requests_in_flight gauge
http_requests_in_flight {in_flight}.0
# HELP http_requests_in_flight_peak Peak.
# TYPE http_requests_in_flight_peak gauge
http_requests_in_flight_peak {peak}.0
# HELP event_loop_lag_seconds Lag.
# TYPE event_loop_lag_seconds histogram
event_loop_lag_seconds_bucket{{le="0.1"}} {fast}.0
event_loop_lag_seconds_bucket{{le="+Inf"}} {fast + slow}.0
event_loop_lag_seconds_count {fast + slow}.0
event_loop_lag_seconds_sum {fast * 0.05 + slow * 0.5}
"""


def lines(text: bytes) -> set[str]:
    return {*text.decode().splitlines()}


def test_counters_histograms_and_gauges_of_replicas_are_added_and_of_peaks_the_largest_is_taken() -> None:
    summed = lines(exposition({"a:1": replica(3, 1, 5, 1, 0), "b:1": replica(4, 2, 4, 0, 1)}))
    assert {
        "# TYPE http_requests_total counter",
        'http_requests_total{operation="delay",status="200"} 7.0',
        "http_requests_in_flight 3.0",
        "http_requests_in_flight_peak 5.0",
        "# TYPE event_loop_lag_seconds histogram",
        'event_loop_lag_seconds_bucket{le="0.1"} 1.0',
        'event_loop_lag_seconds_bucket{le="+Inf"} 2.0',
        "event_loop_lag_seconds_count 2.0",
        "event_loop_lag_seconds_sum 0.55",
        'replica_answers{replica="a:1"} 1.0',
        'replica_answers{replica="b:1"} 1.0',
    } <= summed


def test_what_only_one_replica_has_counted_is_in_the_sums() -> None:
    other = 'http_requests_total{operation="fetch",status="503"} 2.0'
    text = f"# TYPE http_requests_total counter\n{other}\n"
    assert {other, 'http_requests_total{operation="delay",status="200"} 3.0'} <= lines(
        exposition({"a:1": replica(3, 0, 0, 0, 0), "b:1": text})
    )


def test_a_replica_that_does_not_answer_is_named() -> None:
    summed = lines(exposition({"a:1": replica(3, 1, 5, 0, 0), "b:1": None}))
    assert {'replica_answers{replica="a:1"} 1.0', 'replica_answers{replica="b:1"} 0.0'} <= summed
    assert 'http_requests_total{operation="delay",status="200"} 3.0' in summed


def test_the_metrics_of_one_replica_are_what_it_says_itself() -> None:
    text = serving.metrics.exposition()
    assert lines(text) == {line for line in lines(exposition({"a:1": text.decode()})) if "replica_answers" not in line}


def test_a_text_that_holds_no_metrics_is_refused() -> None:
    with pytest.raises(ValueError, match="invalid metric name"):
        exposition({"a:1": "<html> <body>"})


def test_exactly_the_gauges_that_take_the_maximum_over_processes_take_it_over_replicas() -> None:
    gauges = [each for each in vars(serving.metrics).values() if isinstance(each, Gauge)]
    assert {
        metric.name for gauge in gauges for metric in gauge.describe() if gauge._multiprocess_mode == "max"
    } == PEAKS
