"""The answers to requirements, of fabricated runs."""

from collections.abc import Sequence
from typing import Any

from loadtest.results.capacity import Capacity
from loadtest.results.schema import Pairing, Results, Step
from loadtest.results.stalls import Stalls
from loadtest.verdict.gate import Finding, Judged, judged, judged_since, summary
from loadtest.workload.open import Open
from tests.loadtest.support import stalled
from tests.loadtest.support.capacities import capacity
from tests.loadtest.support.fabricated import measured, not_run, open_step, options, results, step
from tests.loadtest.support.stalled import clean, computing, stalls, watched

MET, BROKEN, UNKNOWN = Finding.MET, Finding.BROKEN, Finding.UNKNOWN


def required(run: Results, *texts: str) -> Results:
    return run.model_copy(update={"options": run.options.model_copy(update={"requirements": [*texts]})})


def answers(steps: Sequence[Step], *texts: str) -> list[Judged]:
    return judged(required(results(steps), *texts))


def only(steps: Sequence[Step], text: str) -> tuple[Finding, str]:
    """Return the only answer to one requirement."""
    (answer,) = answers(steps, text)
    return answer.finding, answer.why


def repeats(*responses: float, service: str = "flask", users: int = 10, **changes: Any) -> list[Step]:
    """Return a step with one repeat for each response time in seconds."""
    return [
        step(service, users, response, repeat=number, **changes) for number, response in enumerate(responses, start=1)
    ]


def with_failures(*shares: float, doubts: Sequence[str] = ()) -> list[Step]:
    """Return a step with one repeat for each share of requests that failed."""
    window = measured(10, 0.1)
    return [
        step(
            "flask",
            10,
            repeat=number,
            measured=window.model_copy(update={"failures": round(share * window.requests)}),
            doubts=[*doubts],
        )
        for number, share in enumerate(shares, start=1)
    ]


def test_all_repeats_are_on_one_side_or_it_cannot_be_told() -> None:
    for text, finding, why in (
        ("p95<250ms", MET, "200 to 220 ms"),
        ("p95<=220ms", MET, "200 to 220 ms"),
        ("p95<220ms", UNKNOWN, "200 to 220 ms"),
        ("p95<200ms", BROKEN, "200 to 220 ms"),
        ("throughput>=45/s", MET, "45.5 to 50/s"),
        ("throughput>=50/s", UNKNOWN, "45.5 to 50/s"),
        ("throughput>50/s", BROKEN, "45.5 to 50/s"),
        ("errors<1%", MET, "0 %"),
        ("errors<0%", BROKEN, "0 %"),
        ("memory<200MiB", MET, "100 MiB"),
        ("memory<100MB", BROKEN, "100 MiB"),
        ("cpu<12ms", MET, "10000 to 10989 µs"),
        ("flask: p50<1s", MET, "200 to 220 ms"),
        ("p99.9<1s", UNKNOWN, "p99.9 takes 5000 requests in each repeat: measure longer with --seconds"),
    ):
        assert only(repeats(0.2, 0.21, 0.22), text) == (finding, why), text


def test_a_figure_that_is_not_known_cannot_be_told() -> None:
    steps = repeats(0.1, 0.1, service="stranger")
    for text in ("memory<1GiB", "cpu<1s"):
        finding, why = only(steps, text)
        assert finding == UNKNOWN
        assert why.startswith("the processes of the service are unknown")


def test_each_service_and_load_has_an_answer_and_the_worst_comes_first() -> None:
    steps = [*repeats(0.1, users=1), *repeats(0.6), *repeats(0.1, service="aiohttp"), not_run("flask", 400)]
    run = required(results(steps), "p50<500ms", "aiohttp: p50<90ms", "errors<1%")
    found = judged(run)
    assert [(each.requirement.what, each.where, each.finding) for each in found[:2]] == [
        ("p50<500ms", "flask at 10 users", BROKEN),
        ("p50<90ms", "aiohttp at 10 users", BROKEN),
    ]
    assert {each.finding for each in found[2:]} == {MET}
    assert summary(run, found) == [
        "Of 7 requirements, counted for each service and load, 2 are broken, 5 are met.",
        "Not measured, so not judged: flask at 400 users (saturated at fewer users).",
    ]
    (lacking,) = answers([not_run("flask", 400)], "p99<1s")
    assert (lacking.where, lacking.finding, lacking.why) == ("flask", UNKNOWN, "no load was measured")


def test_an_inconclusive_step_tells_nothing() -> None:
    steps = repeats(0.1, 0.1, doubts=["the machine was saturated (99% of all cores)", "another"])
    for text in ("p99<1s", "p99<1ms", "errors<1%", "memory<1GiB"):
        why = "the machine was saturated (99% of all cores) (and 1 further doubt)"
        assert only(steps, text) == (UNKNOWN, why)


def test_requests_that_failed_are_counted_in_an_inconclusive_step() -> None:
    failed, slow = "50 of 1000 requests failed", "not steady: it drifts"
    for doubts, text, finding, why in (
        ([failed], "errors<1%", BROKEN, "5 to 10 %"),
        ([failed], "errors<20%", MET, "5 to 10 %"),
        ([failed], "errors<7%", UNKNOWN, "5 to 10 %"),
        ([failed], "p50<1s", UNKNOWN, failed),
        ([failed, slow], "errors<1%", BROKEN, "5 to 10 %"),
        ([failed, slow], "errors<20%", UNKNOWN, slow),
        ([slow], "errors<1%", UNKNOWN, slow),
    ):
        assert only(with_failures(0.05, 0.1, doubts=doubts), text) == (finding, why), (doubts, text)


def paired(ratios: Sequence[float], text: str, **changes: Any) -> Judged:
    """Return the answer to a requirement of a run in which aiohttp has these ratios of throughput to flask."""
    steps = [
        each
        for number, ratio in enumerate(ratios, start=1)
        for each in (
            step("flask", 10, 0.1, repeat=number),
            step("aiohttp", 10, 0.1 / ratio, repeat=number, **changes),
        )
    ]
    (answer,) = answers(steps, text)
    return answer


def test_a_factor_takes_six_pairs_and_their_whole_interval() -> None:
    around = (0.96, 0.98, 1.0, 1.0, 1.02, 1.04)
    for ratios, text, finding, why in (
        (around, "throughput>=0.95x flask", MET, "0.960 to 1.040 times flask in 6 pairs"),
        (around, "throughput>=1x flask", UNKNOWN, "0.960 to 1.040 times flask in 6 pairs"),
        (around, "throughput>=1.1x flask", BROKEN, "0.960 to 1.040 times flask in 6 pairs"),
        (around, "p50<=1.1x flask", MET, "0.962 to 1.042 times flask in 6 pairs"),
        (around, "memory<=1x flask", MET, "1.000 times flask in 6 pairs"),
        (around[:5], "throughput>=0.5x flask", UNKNOWN, "needs 6 pairs (--pairs 6), and 5 can be used"),
    ):
        answer = paired(ratios, text)
        assert (answer.service, answer.finding, answer.why) == ("aiohttp", finding, why), (ratios, text)


def test_a_factor_leaves_out_pairs_that_cannot_be_trusted() -> None:
    answer = paired([1.0] * 6, "throughput>=0.9x flask", doubts=["it drifts"])
    assert answer.why == "needs 6 pairs (--pairs 6), and 0 can be used: it drifts"
    lacking = paired([1.0] * 6, "p99.9<2x flask")
    assert lacking.why.startswith("needs 6 pairs (--pairs 6), and 0 can be used: p99.9 takes 5000 requests in ")
    assert {answer.finding, lacking.finding} == {UNKNOWN}


def with_pairings(run: Results, *pairings: Pairing) -> Results:
    return run.model_copy(update={"options": run.options.model_copy(update={"pairings": [*pairings]})})


def test_failures_of_a_pair_that_was_run_again_are_not_forgotten() -> None:
    failed = "50 of 1000 requests failed"
    (bad,) = with_failures(0.05, doubts=[failed])
    good = [step(name, 10, 0.1, repeat=number) for number in range(2, 8) for name in ("flask", "aiohttp")]
    texts = ("flask: errors<1%", "flask: p99<1s", "flask: throughput>=0.9x aiohttp")
    run = with_pairings(
        required(results([bad, step("aiohttp", 10, 0.1), *good]), *texts, "flask: p99<90ms", "aiohttp: p99<1s"),
        Pairing(before="aiohttp", after="flask"),
    )
    left_out = f"runs whose requests failed are left out: {failed}"
    assert [(each.requirement.text, each.finding, each.why) for each in judged(run)] == [
        ("flask: p99<90ms", BROKEN, "100 ms"),
        *((text, UNKNOWN, left_out) for text in texts),
        ("aiohttp: p99<1s", MET, "100 ms"),
    ]
    before = results(repeats(0.1, 0.1))
    (answer,) = judged_since(before, run, ["flask: throughput>=0.9x before"])
    assert (answer.finding, answer.why) == (UNKNOWN, left_out)


def goods(service: str, *numbers: int) -> list[Step]:
    """Return a step with one repeat for each number of good answers in 10 s."""
    return [
        step(service, 10, repeat=number, measured=measured(10, good=[good])) for number, good in enumerate(numbers, 1)
    ]


def test_a_collapse_to_zero_breaks_a_factor() -> None:
    none = "two figures that are 0, or both of lost requests, have no ratio"
    for before, after, finding, why in (
        (50, 0, BROKEN, "0.000 times flask"),
        (0, 50, MET, "beyond every multiple of flask"),
        (0, 0, UNKNOWN, none),
    ):
        text = "aiohttp: goodput>=0.9x flask"
        found, told = only([*goods("flask", *[before] * 6), *goods("aiohttp", *[after] * 6)], text)
        assert found == finding
        assert told in (f"{why} in 6 pairs", f"needs 6 pairs (--pairs 6), and 0 can be used: {why}")
        earlier, later = (results(goods("flask", each, each)) for each in (before, after))
        (answer,) = judged_since(earlier, later, ["goodput>=0.9x before"])
        assert answer.finding == finding
        assert answer.why.startswith(why.replace("flask", "before"))


def test_a_latency_of_lost_requests_is_beyond_every_factor() -> None:
    def run(*lost: float) -> Results:
        return results([losing(share, repeat=number) for number, share in enumerate(lost, 1)])

    weaker = "at the extremes of the repeats; weaker than pairs in one run"
    for before, after, finding, why in (
        ((0.0, 0.0), (1.0, 1.0), BROKEN, f"beyond every multiple of before {weaker}"),
        ((0.0, 0.0), (0.0, 1.0), UNKNOWN, f"at least 1.000 times before {weaker}"),
        ((1.0, 1.0), (0.0, 0.0), MET, f"0.000 times before {weaker}"),
        ((1.0, 1.0), (1.0, 1.0), UNKNOWN, "two figures that are 0, or both of lost requests, have no ratio"),
    ):
        (answer,) = judged_since(run(*before), run(*after), ["p90<=1.1x before"])
        assert (answer.finding, answer.why) == (finding, why), (before, after)


def test_three_services_need_repeats_in_place_of_pairs() -> None:
    steps = [*repeats(0.1), *repeats(0.1, service="aiohttp"), *repeats(0.1, service="flask-threads")]
    assert {each.why for each in answers(steps, "throughput>=0.9x flask")} == {
        "needs 6 pairs (--repeats 6), and 1 can be used"
    }


def test_a_factor_tells_nothing_within_the_difference_of_a_service_from_itself() -> None:
    itself, pairing = (
        Pairing(before="flask", after="flask again", itself=True),
        Pairing(before="flask", after="aiohttp"),
    )
    for ratio, again, finding, why in (
        (0.9, 1.0, BROKEN, "0.900 times flask in 6 pairs"),
        (0.9, 1.25, UNKNOWN, "0.900 times flask in 6 pairs; the difference of flask from itself is up to 25.0%"),
        (0.5, 1.25, BROKEN, "0.500 times flask in 6 pairs"),
        (1.0, 1.25, MET, "1.000 times flask in 6 pairs"),
    ):
        responses = {"flask": 0.1, "flask again": 0.1 / again, "aiohttp": 0.1 / ratio}
        steps = [each for name, took in responses.items() for each in repeats(*[took] * 6, service=name)]
        run = with_pairings(required(results(steps), "throughput>=0.95x flask"), itself, pairing)
        (answer,) = judged(run)
        assert (answer.service, answer.finding, answer.why) == ("aiohttp", finding, why), (ratio, again)


def test_a_service_that_is_compared_with_itself_meets_requirements_once() -> None:
    itself = Pairing(before="flask", after="flask again", itself=True)
    run = with_pairings(results([*repeats(0.1), *repeats(0.1, service="flask again")]), itself)
    for text, service in (
        ("errors<1%", "flask"),
        ("flask again: errors<1%", "flask again"),
        ("throughput>=0.9x flask", "flask again"),
    ):
        assert [each.where for each in judged(required(run, text))] == [f"{service} at 10 users"]
    for text, service in (("errors<1%", "flask"), ("flask again: errors<1%", "flask again")):
        assert [each.where for each in judged_since(run, run, [text])] == [f"{service} at 10 users"]


def test_two_runs_are_held_against_each_other_at_the_extremes_of_their_repeats() -> None:
    weaker = "at the extremes of the repeats; weaker than pairs in one run"
    for before, after, text, finding, why in (
        ((0.2, 0.21), (0.2, 0.21), "throughput>=0.95x before", MET, f"0.952 to 1.050 times before {weaker}"),
        ((0.2, 0.21), (0.2, 0.22), "throughput>=0.95x before", UNKNOWN, f"0.910 to 1.050 times before {weaker}"),
        ((0.2, 0.21), (0.3, 0.31), "throughput>=0.95x before", BROKEN, f"0.646 to 0.700 times before {weaker}"),
        ((0.2,), (0.2, 0.21), "throughput>=0.5x before", UNKNOWN, "needs 2 repeats in both runs"),
        ((0.2, 0.2), (0.2, 0.2), "p99<300ms", MET, "200 ms"),
    ):
        (answer,) = judged_since(results(repeats(*before)), results(repeats(*after)), [text])
        assert (answer.finding, answer.why) == (finding, why), (before, after, text)
    later = results(repeats(0.2, 0.2, users=1))
    (answer,) = judged_since(results(repeats(0.2, 0.2)), later, ["throughput>=0.5x before"])
    assert (answer.finding, answer.why) == (UNKNOWN, "not measured before")
    doubted = results(repeats(0.2, 0.2, users=1, doubts=["it drifts"]))
    (answer,) = judged_since(doubted, later, ["throughput>=0.5x before"])
    assert (answer.finding, answer.why) == (UNKNOWN, "before: it drifts")


def test_a_latency_that_grows_with_the_window_meets_nothing() -> None:
    steps = [open_step("flask", Open(60.0), repeat=number) for number in (1, 2)]
    grows = "its backlog grows without end, so that latency only shows for how long it has grown"
    assert only(steps, "p50<10s") == (UNKNOWN, grows)
    assert only(steps, "p50<100ms")[0] == BROKEN
    assert only(steps, "throughput>10")[0] == MET


def losing(share: float, repeat: int = 1) -> Step:
    """Return a steady step of an open load that also lost this share of its arrivals."""
    steady = open_step("aiohttp", Open(20.0), repeat=repeat)
    assert steady.measured
    assert steady.measured.arrivals
    arrivals = steady.measured.arrivals.model_copy(update={"lost": round(share * steady.measured.arrivals.offered)})
    return steady.model_copy(update={"measured": steady.measured.model_copy(update={"arrivals": arrivals})})


def test_a_client_that_gave_up_had_the_longest_latency_and_an_error() -> None:
    steps = [losing(1.0)]
    assert only(steps, "p90<10s") == (BROKEN, "> 10 s")
    assert only(steps, "errors<1%") == (BROKEN, "100 %")


def carried(text: str, *found: Capacity) -> Judged:
    run = results([open_step(each.service, Open(20.0)) for each in found])
    search = {"options": options(objectives=["p99<500ms"], requirements=[text]), "capacities": [*found]}
    (answer,) = judged(run.model_copy(update=search))
    return answer


def test_a_capacity_lies_between_the_rate_that_passed_and_the_one_that_failed() -> None:
    for passed, failed, text, finding in (
        (200.0, 210.0, "capacity>=200", MET),
        (200.0, 210.0, "capacity>200", UNKNOWN),
        (190.0, 200.0, "capacity>=200", BROKEN),
        (190.0, 210.0, "capacity>=200", UNKNOWN),
        (190.0, None, "capacity>=200", UNKNOWN),
        (None, 190.0, "capacity>=200", BROKEN),
        (None, None, "capacity>=200", UNKNOWN),
        (190.0, 200.0, "capacity<200", MET),
        (200.0, 210.0, "capacity<200", BROKEN),
    ):
        assert carried(text, capacity(passed, failed, resolved=False)).finding == finding, (passed, failed, text)
    flask = capacity(100.0, 110.0)
    for passed, failed, finding in ((110.0, 120.0, MET), (105.0, 120.0, UNKNOWN), (80.0, 90.0, BROKEN)):
        answer = carried("aiohttp: capacity>=1x flask", flask, capacity(passed, failed, service="aiohttp"))
        assert answer.finding == finding
        assert answer.why.endswith("arrivals/s; flask: 100 to 110 arrivals/s")


def test_nothing_can_be_told_of_a_run_that_ended_early() -> None:
    whole = required(results([*repeats(9.0), *repeats(9.0, service="aiohttp")]), "p99<1s", "aiohttp: errors<1%")
    for failure, why in ((None, "the run was interrupted"), ("flask has exited.", "the run failed: flask has exited")):
        run = whole.model_copy(update={"complete": False, "failure": failure})
        assert [(each.where, each.finding, each.why) for each in judged(run)] == [
            ("flask", UNKNOWN, why),
            ("aiohttp", UNKNOWN, why),
            ("aiohttp", UNKNOWN, why),
        ]
        assert {each.why for each in judged_since(run, whole, whole.options.requirements)} == {
            why.replace("run", "run before")
        }


def free_of_stalls(text: str, *found: Stalls) -> list[tuple[str, Finding, str]]:
    return [(each.service, each.finding, each.why) for each in judged(watched(*found, requirements=[text]))]


def test_the_longest_stall_of_the_findings_decides() -> None:
    by = "by requests.get in shop/app.py:57 (stock)"
    free, least = "nothing held the loop for 10 ms or longer", "what lasts less than 10 ms was not counted"
    for found, text, answer, why in (
        (stalls(), "stalls<10ms", BROKEN, f"45.2 ms {by}"),
        (stalls(), "stalls<0.1s", MET, f"45.2 ms {by}"),
        (stalls(findings=[stalled.finding(worst_ms=1.0), computing(worst_ms=99.0)]), "stalls<50ms", BROKEN, BY_TOTAL),
        (clean(), "stalls<10ms", MET, free),
        (clean(rare=[stalled.finding(times=1, worst_ms=400.0)]), "stalls<10ms", MET, f"{free}; seldom, 400 ms {by}"),
        (clean(), "stalls<5ms", UNKNOWN, least),
        (clean(), "stalls>=1s", BROKEN, free),
        (stalls(doubts=["so", "and so"]), "stalls<10ms", UNKNOWN, "so (and 1 further doubt)"),
        (clean(loops=[]), "stalls<10ms", UNKNOWN, "no event loop was watched"),
    ):
        assert free_of_stalls(text, found) == [("shop", answer, why)], (text, why)


BY_TOTAL = "99 ms by shop/prices.py:8 (total)"


def test_stalls_are_required_of_the_services_that_were_watched() -> None:
    run = watched(stalls("old"), clean("new"), requirements=["stalls<10ms"])
    assert [(each.where, each.finding) for each in judged(run)] == [("old", BROKEN), ("new", MET)]
    alone = run.model_copy(update={"stalls": run.stalls[1:]})
    assert [(each.where, each.finding) for each in judged(alone)] == [("new", MET)]
    named = required(alone, "old: stalls<10ms")
    assert [(each.where, each.finding, each.why) for each in judged(named)] == [("old", UNKNOWN, "it was not watched")]
    assert [each.finding for each in judged_since(run, run, ["stalls<10ms"])] == [BROKEN, MET]
