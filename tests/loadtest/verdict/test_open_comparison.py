import re
from collections.abc import Sequence

import pytest

from loadtest.results.schema import Results, Step
from loadtest.verdict.aggregate import rows
from loadtest.verdict.comparison import conclusive
from loadtest.verdict.comparison import verdict as sentences
from tests.loadtest.support.arrivals import RUN, changed, evenly, limited, open_run, refusing
from tests.loadtest.support.fabricated import open_step


def verdict(run: Results) -> list[str]:
    return sentences(run, rows(run)).sentences


def about(run: Results, *words: str) -> list[str]:
    return [sentence for sentence in verdict(run) if all(word in sentence for word in words)]


def with_doubts(steps: Sequence[Step], *places: tuple[str, float]) -> list[Step]:
    """Return the steps, of which those of these services and rates are inconclusive."""
    return [
        each.model_copy(update={"doubts": ["so"]}) if (each.service, each.load.amount) in places else each
        for each in steps
    ]


def test_a_whole_run_reads_like_this() -> None:
    run = open_run()
    assert verdict(run) == [
        "flask answers 90% of the requests within 100 ms at 20 arrivals/s; it diverges at 100 arrivals/s: the backlog "
        "grows by 50.0/s (predicted: 50.0/s), and clients would wait 1 s after 1.0 s and 10 s after 10.0 s.",
        "flask-threads answers 99% of the requests within 100 ms at 100 arrivals/s; it diverges at 800 arrivals/s: the "
        "backlog grows by 160/s (predicted: 160/s), and clients would wait 1 s after 4.0 s and 10 s after 40.0 s.",
        "aiohttp answers 99% of the requests within 100 ms at 800 arrivals/s, the highest rate tried.",
        "At 20 arrivals/s the median latency is 100 ms on aiohttp, flask and flask-threads.",
        "Within 100 ms, 90% of the requests are answered by aiohttp up to 800 arrivals/s (no higher rate was tried), "
        "by flask-threads up to 100 (at 800 it diverges) and by flask up to 20 (at 100 it diverges).",
        "aiohttp carries more load than flask-threads and more than 8.0 times the load of flask.",
        "flask-threads carries more load than flask.",
        "CPU time per request at 800 arrivals/s: flask-threads 781 µs, aiohttp 625 µs.",
    ]
    assert conclusive(run, rows(run))


def test_latencies_that_differ_at_the_lowest_rate_are_a_range() -> None:
    slower = open_step("flask", evenly(20))
    assert slower.measured
    slower = slower.model_copy(update={"measured": slower.measured.model_copy(update={"latency": {140.0: 200}})})
    run = open_run([slower, *(open_step(name, evenly(20)) for name in ("flask-threads", "aiohttp"))])
    (told,) = about(run, "the median latency")
    assert re.fullmatch(
        r"At 20 arrivals/s the median latency ranges from 100 ms \((flask-threads|aiohttp)\) to 140 ms \(flask\)\.",
        told,
    )


@pytest.mark.parametrize(
    "case", [each for each in RUN if each.measured], ids=lambda each: f"{each.service}-{each.load}"
)
def test_an_inconclusive_row_is_no_result_in_any_sentence_but_its_own(case: Step) -> None:
    assert case.measured
    telltale = case.measured.model_copy(update={"latency": {7777.0: 7777}, "server_cpu": 6.0448})
    odd = case.model_copy(update={"measured": telltale, "doubts": ["it cannot be"]})
    run = open_run([odd if each is case else each for each in RUN], deadline=1.0)
    own = f"{case.service} is inconclusive at {case.load.label}: it cannot be."
    told = verdict(run)
    assert told.count(own) == 1
    for sentence in (each for each in told if each != own):
        assert "777" not in sentence
        assert "7.8 s" not in sentence
        named = re.search(rf"(?<![\w-]){case.service}(?![\w-])[^;,]*{case.load.amount} arrivals/s", sentence)
        assert named is None
    assert not conclusive(run, rows(run))


def test_doubts_at_several_rates_are_one_sentence() -> None:
    run = open_run(with_doubts(RUN, ("flask", 20), ("flask", 100)))
    assert about(run, "inconclusive") == ["flask is inconclusive at 20 and 100 arrivals/s: so."]


def test_a_service_that_diverges_at_the_lowest_trusted_rate_is_said_to_answer_nothing_in_time() -> None:
    run = open_run([open_step("flask", evenly(100)), open_step("aiohttp", evenly(100))])
    assert about(run, "flask")[0].startswith("flask diverges at 100 arrivals/s: the backlog grows by 50.0/s ")


def test_arrivals_that_were_refused_are_not_said_to_wait() -> None:
    few = limited(32)
    run = open_run([refusing(few, evenly(960))], contenders=[few])
    assert (
        verdict(run)[0]
        == "flask-threads:max-in-flight=16 does not serve 67% of the arrivals at 960 arrivals/s (refused)."
    )


@pytest.mark.parametrize(
    ("errors", "why"),
    [
        ({}, "not answered within the clients' patience"),
        ({"gave up: no answer within the patience": 9}, "not answered within the clients' patience"),
        ({"status 503 instead of 200": 9, "gave up: x": 1}, "refused or not answered within the clients' patience"),
        ({"status 500": 9}, "failed"),
    ],
)
def test_arrivals_that_were_not_served_have_a_reason(errors: dict[str, int], why: str) -> None:
    step = changed(open_step("stranger", evenly(100)), lost=500, offered=1000, slope=0.0)
    assert step.measured
    broken = step.measured.model_copy(update={"errors": errors, "latency": {100.0: 500}})
    run = open_run([step.model_copy(update={"measured": broken})])
    assert verdict(run)[0] == f"stranger does not serve 50% of the arrivals at 100 arrivals/s ({why})."


def test_a_service_without_a_model_diverges_if_its_backlog_grew_by_a_tenth_of_the_arrivals() -> None:
    known = open_step("stranger", evenly(100))
    grew = open_run([changed(known, offered=1000, slope=10.5)])
    assert verdict(grew)[0] == "stranger diverges at 100 arrivals/s: the backlog grows by 10.5/s."
    kept = open_run([changed(known, offered=1000, slope=9.5)])
    assert verdict(kept)[0].startswith("stranger answers 99% of the requests within 100 ms at 100 arrivals/s")


def test_clients_that_were_too_few_are_named() -> None:
    run = open_run([changed(open_step("aiohttp", evenly(100)), waited=37, clients=1000)])
    assert about(run, "clients") == [
        "At 100 arrivals/s of aiohttp all 1000 clients were in use: 37 arrivals waited for one, which counts as "
        "latency."
    ]
    assert about(open_run(), "clients were in use") == []


def test_slow_clients_that_block_a_service_are_said_to_do_so() -> None:
    stuck = open_step("flask", evenly(20), bound="slow clients")
    assert verdict(open_run([stuck]))[0] == ("flask is blocked: slow clients hold all 5 slots; no request is answered.")
