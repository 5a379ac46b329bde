import json
import subprocess
import sys

import pytest

from loadtest.generator.latency_buckets import bucket


@pytest.mark.parametrize(
    ("milliseconds", "counted_as"),
    [
        (0, 0),
        (0.0004, 0),
        (0.001, 0.001),
        (0.0126, 0.013),
        (0.123456, 0.123),
        (0.8, 0.8),
        (0.8765, 0.876),
        (1.2345, 1.23),
        (12.345, 12.3),
        (99.96, 100),
        (123.45, 123),
        (999.6, 1000),
        (1003, 1000),
        (1045.1, 1050),
        (12_345, 12_300),
        (60_049, 60_000),
    ],
)
def test_a_bucket_has_three_significant_digits(milliseconds: float, counted_as: float) -> None:
    assert bucket(milliseconds) == pytest.approx(counted_as, rel=1e-12)


@pytest.mark.parametrize("power", [10**exponent for exponent in range(-1, 6)])
def test_the_error_is_at_most_half_a_percent(power: float) -> None:
    for thousandths in range(1000, 10_000, 7):
        milliseconds = power * thousandths / 1000
        assert abs(bucket(milliseconds) - milliseconds) <= 0.005 * milliseconds * (1 + 1e-9)


@pytest.mark.parametrize(("one", "other"), [(1003, 1045), (100.4, 101.4), (0.801, 0.809), (20_010, 20_110)])
def test_what_locust_would_merge_stays_apart(one: float, other: float) -> None:
    assert bucket(one) != bucket(other)


def test_a_bucket_is_its_own_bucket() -> None:
    for thousandths in range(1, 20_000):
        assert bucket(bucket(thousandths / 100)) == bucket(thousandths / 100)


def test_locust_counts_in_these_buckets_once_they_are_installed() -> None:
    program = """
import json, locust.stats, loadtest.generator.latency_buckets
def counted():
    stats = locust.stats.RequestStats()
    for milliseconds in (0.8765, 102.4, 1003, 1045):
        stats.log_request("GET", "/", milliseconds, 0)
    return sorted(stats.total.response_times)
stock = counted()
loadtest.generator.latency_buckets.install()
print(json.dumps([stock, counted()]))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    stock, installed = json.loads(ran.stdout.splitlines()[-1])
    assert installed == [0.876, 102, 1000, 1040]
    assert stock != installed  # otherwise install() would be needless
