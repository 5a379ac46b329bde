import pytest

from loadtest.verdict.capacities import doubts, found, headline, sentences
from tests.loadtest.support.capacities import capacity
from tests.loadtest.support.fabricated import options, results, step


@pytest.mark.parametrize(
    ("passed", "failed", "words"),
    [(95, 104, "95.0 to 104"), (95, None, "at least 95.0"), (None, 104, "under 104"), (None, None, "-")],
)
def test_a_finding_names_the_bounds_that_are_known(passed: float | None, failed: float | None, words: str) -> None:
    assert found(capacity(passed, failed)) == words


def test_the_answer_names_each_service_with_its_bound_and_who_carries_more() -> None:
    run = results([step("flask", 1), step("aiohttp", 1)]).model_copy(
        update={
            "options": options(objectives=["p99<500ms"]),
            "capacities": [capacity(95.0, 104.0), capacity(950.0, 1040.0, service="aiohttp")],
        }
    )
    answer = "For p99<500ms: flask 95.0 to 104 arrivals/s (slots), aiohttp 950 to 1040 arrivals/s (slots)"
    assert headline(run) == answer
    assert sentences(run) == [
        f"{answer}.",
        "aiohttp: 950 to 1040 arrivals/s, 100 predicted.",
        "Within the same objectives aiohttp carries 10.0 times the load of flask.",
    ]


def test_a_search_without_one_answer_says_why() -> None:
    run = results([step("flask", 1)]).model_copy(update={"capacities": [capacity(95.0, None, resolved=False)]})
    assert doubts(run) == ["No single answer for flask after 1 probe: the time was over."]
