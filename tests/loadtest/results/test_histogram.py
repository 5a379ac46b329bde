from math import inf

import pytest

from loadtest.results.histogram import bucket, histogram_of, merged, percentile

ONE_EACH = {float(value): 1 for value in range(1, 1001)}


@pytest.mark.parametrize(
    ("rank", "value"), [(0.5, 500), (0.9, 900), (0.99, 990), (0.25, 250), (0.001, 1), (0.9005, 901)]
)
def test_a_percentile_is_the_nearest_rank(rank: float, value: float) -> None:
    assert percentile(ONE_EACH, rank) == value


@pytest.mark.parametrize(
    ("histogram", "rank", "value"),
    [
        ({100.0: 99, 5000.0: 901}, 0.5, 5000),
        ({200.0: 500, 100.0: 500}, 0.5, 100),  # sorted by value, not by position
        ({200.0: 500, 100.0: 499}, 0.5, 200),
        ({100.0: 990, 900.0: 10}, 0.99, 100),
        ({100.0: 989, 900.0: 11}, 0.99, 900),
        ({0.25: 600}, 0.99, 0.25),
        ({0.0: 600}, 0.99, 0),
    ],
)
def test_a_percentile_is_a_value_that_was_seen(histogram: dict[float, int], rank: float, value: float) -> None:
    assert percentile(histogram, rank) == value


@pytest.mark.parametrize(("rank", "enough"), [(0.5, 10), (0.9, 50), (0.95, 100), (0.99, 500), (0.999, 5000)])
def test_five_samples_must_lie_beyond_a_percentile(rank: float, enough: int) -> None:
    assert percentile({100.0: enough}, rank) == 100
    assert percentile({100.0: enough - 1}, rank) is None


def test_nothing_has_no_percentile() -> None:
    assert percentile({}, 0.5) is None


def test_merging_sums_counts() -> None:
    assert merged([{1.0: 2, 3.0: 4}, {3.0: 5, 7.0: 1}, {}]) == {1.0: 2, 3.0: 9, 7.0: 1}
    assert merged([]) == {}


def test_a_percentile_of_merged_histograms_is_not_the_mean_of_theirs() -> None:
    many, few = {100.0: 9_000}, {1000.0: 900}
    assert percentile(merged([many, few]), 0.9) == 100
    assert percentile(merged([many, few]), 0.99) == 1000


@pytest.mark.parametrize(
    ("rank", "value"),
    [(0.5, 100), (0.899, 100), (0.9, 100), (0.901, inf), (0.99, inf), (0.999, None)],
)
def test_a_percentile_among_lost_samples_is_larger_than_any_number(rank: float, value: float | None) -> None:
    assert percentile({100.0: 900}, rank, lost=100) == value


def test_lost_samples_move_the_percentiles_of_the_others() -> None:
    histogram = {100.0: 50, 200.0: 50}
    assert percentile(histogram, 0.5) == 100
    assert percentile(histogram, 0.5, lost=1) == 200


def test_where_everything_is_lost_every_percentile_is() -> None:
    assert percentile({}, 0.5, lost=10) == inf
    assert percentile({}, 0.5, lost=9) is None  # too few, as of any samples


def test_a_histogram_counts_seconds_in_milliseconds() -> None:
    assert histogram_of([0.1, 0.10004, 0.1006, 1.23456, 0.0, 0.0000004]) == {100.0: 2, 101.0: 1, 1230.0: 1, 0.0: 2}
    assert histogram_of(iter(())) == {}


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
