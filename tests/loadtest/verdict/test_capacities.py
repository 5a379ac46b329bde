import pytest

from loadtest.results.capacity import Capacity
from loadtest.results.schema import Results
from loadtest.verdict.capacities import doubts, found, headline, sentences
from loadtest.verdict.comparison import conclusive
from tests.loadtest.support.capacities import capacity
from tests.loadtest.support.fabricated import options, results, step

ANSWER = capacity(95.0, 104.0)
AIOHTTP = capacity(950.0, 1040.0, service="aiohttp")
OPEN_ENDED = capacity(9.5, None, resolved=False, service="django")


def run(*found: Capacity, objectives: tuple[str, ...] = ("p99<500ms",), **changes: object) -> Results:
    """Return a run with these findings."""
    known = results([step(each.service, 1) for each in found])
    return known.model_copy(update={"options": options(objectives=[*objectives]), "capacities": [*found], **changes})


def changed(one: Capacity, **changes: object) -> Capacity:
    return one.model_copy(update=changes)


@pytest.mark.parametrize(
    ("passed", "failed", "words"),
    [(95, 104, "95.0 to 104"), (95, None, "at least 95.0"), (None, 104, "under 104"), (None, None, "-")],
)
def test_a_finding_names_the_bounds_that_are_known(passed: float | None, failed: float | None, words: str) -> None:
    assert found(capacity(passed, failed)) == words


def test_the_answer_names_each_service_with_its_bound_and_who_carries_more() -> None:
    answer = "For p99<500ms: flask 95.0 to 104 arrivals/s (slots), aiohttp 950 to 1040 arrivals/s (slots)"
    assert headline(run(ANSWER, AIOHTTP)) == answer
    assert sentences(run(ANSWER, AIOHTTP)) == [
        f"{answer}.",
        "aiohttp: 950 to 1040 arrivals/s, 100 predicted.",
        "Within the same objectives aiohttp carries 10.0 times the load of flask.",
    ]


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (ANSWER, "flask 95.0 to 104 arrivals/s (slots)"),
        (capacity(95.0, None), "flask at least 95.0 arrivals/s (slots)"),
        (changed(ANSWER, bound=""), "flask 95.0 to 104 arrivals/s"),
        (capacity(None, 104.0), "flask under 104 arrivals/s"),
        (capacity(None, None), "flask unknown"),
    ],
)
def test_the_headline_tells_what_is_known_of_a_service(one: Capacity, words: str) -> None:
    assert headline(run(one)) == f"For p99<500ms: {words}"


def test_the_headline_names_all_objectives() -> None:
    assert headline(run(ANSWER, objectives=("p99<500ms", "errors<1%"))).startswith("For p99<500ms and errors<1%: flask")


@pytest.mark.parametrize(
    ("passed", "failed", "predicted", "told"),
    [
        (95.0, 104.0, 100.0, False),
        (95.0, 104.0, 95.0, False),
        (95.0, 104.0, 90.0, True),
        (95.0, 104.0, 110.0, True),
        (95.0, None, 110.0, False),
        (95.0, None, 90.0, True),
        (95.0, 104.0, None, False),
        (None, 104.0, 110.0, False),  # nothing passed, so that there is no capacity to compare
    ],
)
def test_a_prediction_outside_the_range_is_told(
    passed: float | None, failed: float | None, predicted: float | None, told: bool
) -> None:
    one = changed(capacity(passed, failed), predicted=predicted)
    assert any("predicted" in sentence for sentence in sentences(run(one))) == told


def test_services_whose_ranges_overlap_carry_about_the_same_load() -> None:
    alike = run(ANSWER, capacity(103.0, 113.0, service="aiohttp"))
    assert sentences(alike)[-1] == "Within the same objectives flask and aiohttp carry about the same load."
    apart = run(ANSWER, capacity(105.0, 113.0, service="aiohttp"))
    assert sentences(apart)[-1] == "Within the same objectives aiohttp carries 1.1 times the load of flask."


def test_only_single_answers_are_compared() -> None:
    assert not [sentence for sentence in sentences(run(ANSWER, OPEN_ENDED)) if "Within the same" in sentence]


def test_a_search_without_one_answer_says_why() -> None:
    one = capacity(95.0, None, resolved=False)
    assert doubts(run(one)) == ["No single answer for flask after 1 probe: the time was over."]
    assert doubts(run(ANSWER)) == []


@pytest.mark.parametrize(
    ("failure", "words"),
    [(None, "was interrupted."), ("flask has exited.", "failed: flask has exited.")],
)
def test_a_run_that_ended_early_says_so(failure: str | None, words: str) -> None:
    told = sentences(run(ANSWER, complete=False, failure=failure))
    assert told[-1] == f"The run {words} Only the probes measured until then are shown."
    assert sentences(run(complete=False, failure=failure)) == [told[-1]]


@pytest.mark.parametrize(
    ("known", "holds"),
    [
        (run(ANSWER, AIOHTTP), True),
        (run(ANSWER, OPEN_ENDED), False),
        (run(ANSWER, complete=False), False),
    ],
)
def test_a_run_is_conclusive_if_every_answer_is_a_single_one(known: Results, holds: bool) -> None:
    assert conclusive(known, []) == holds
