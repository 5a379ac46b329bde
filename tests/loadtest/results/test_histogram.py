import pytest

from loadtest.results.histogram import merged, percentile

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
