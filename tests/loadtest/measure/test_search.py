import pytest

from loadtest.measure.search import PROBES, WIDTH, Search, window
from loadtest.verdict.objectives import Outcome


def run(
    truth: float, start: float | None, *, near: float = 1.0, ceiling: float = 1000.0, budget: float = 180.0
) -> Search:
    """Search with windows that decide every rate, but none within a factor `near` of the truth."""
    search = Search(start, ceiling, budget=budget)
    outcomes: dict[float, Outcome] = {}
    while (rate := search.next()) is not None:
        unclear = max(rate / truth, truth / rate) < near
        outcomes[rate] = Outcome.UNDECIDED if unclear else Outcome.PASSED if rate <= truth else Outcome.FAILED
        search.add(rate, dict(outcomes), window(rate) + 4)
        assert len(search.rates) <= PROBES
    return search


@pytest.mark.parametrize("wrong", [0.5, 0.9, 1.0, 1.1, 2.0])
def test_the_truth_is_found_within_the_width_even_if_the_prediction_is_wrong(wrong: float) -> None:
    found = run(250.0, 250.0 * wrong).found
    assert found.resolved
    assert found.passed is not None
    assert found.failed is not None
    assert found.passed <= 250.0 <= found.failed <= found.passed * WIDTH * 1.001


def test_a_good_prediction_needs_two_probes() -> None:
    assert len(run(250.0, 250.0).rates) == 2


def test_without_a_prediction_the_rate_doubles() -> None:
    found = run(20.0, None).found
    assert found.passed is not None
    assert found.failed is not None
    assert found.passed <= 20.0 <= found.failed


def test_an_undecided_rate_is_no_bound_and_the_result_says_so() -> None:
    search = run(250.0, 250.0, near=1.2)
    found = search.found
    assert not found.resolved
    assert found.reason
    assert found.passed is None or found.passed <= 250.0 / 1.2
    assert found.failed is None or found.failed >= 250.0 * 1.2


def test_a_service_that_carries_all_that_can_be_offered_has_no_upper_bound() -> None:
    found = run(5000.0, 4000.0, ceiling=1000.0).found
    assert (found.passed, found.failed) == (1000.0, None)
    assert "1000" in found.reason


def test_the_time_ends_a_search() -> None:
    search = run(250.0, 100.0, budget=40.0)
    assert search.spent <= 40.0
    assert not search.found.resolved
    assert "40 s" in search.found.reason
