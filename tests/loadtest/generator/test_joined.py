from typing import Any

import pytest

from loadtest.generator.joined import joined, told
from loadtest.results.exchange import FIRST, Exchange
from loadtest.results.generators import GeneratorWindow


def window(requests: int = 100, seconds: float = 2.0, **changes: Any) -> dict[str, Any]:
    """Return what a load generator tells of a window of a closed load."""
    return {
        "event": "measured",
        "seconds": seconds,
        "requests": requests,
        "failures": 0,
        "response_ms": requests * 100.0,
        "latency": {"100.0": requests},
        "errors": {},
        "service_times": {"requests": requests, "response_ms": requests * 100.0},
        "good": [requests],
        "resent": 0,
        "reconnected": 1,
        "course": [{"seconds": seconds / 2, "requests": requests // 2, "response_ms": requests * 50.0}] * 2,
        "first": [],
        "parts": {},
        "unfinished": 0,
        "turns": None,
        "generator_cpu": 0.25,
        "users": [10, 10],
        "stalled": 0.01,
        "throttled": 0.0,
        "busy": 0.5,
        **changes,
    }


def arrivals(latencies: list[tuple[float, float | None]], **shares: int) -> dict[str, Any]:
    counts = dict.fromkeys(("waited", "early", "clients", "edges"), 1)
    return {
        "seconds": 2.0,
        "offered": len(latencies),
        "lost": sum(latency is None for _, latency in latencies),
        "spent_ms": 200.0,
        "in_flight": 0.5,
        "slope": 0.25,
        **counts,
        "service_ms": {"100.0": 2},
        "late_ms": {"0.5": 2},
        "shares": shares,
        "latencies": latencies,
    }


def test_a_single_window_stays_as_it_is() -> None:
    alone = joined([window()])
    assert (alone["requests"], alone["seconds"], alone["generator_cpu"]) == (100, 2.0, 0.25)
    assert alone["latency"] == {"100.0": 100}
    assert (alone["turns"], alone["arrivals"], alone["parts"]) == (None, None, {})


def test_counts_and_histograms_are_added() -> None:
    both = joined(
        [window(failures=2, errors={"status 500": 2}), window(50, latency={"100.0": 20, "200.0": 30}, failures=1)]
    )
    assert (both["requests"], both["failures"], both["good"]) == (150, 3, [150])
    assert both["latency"] == {"100.0": 120, "200.0": 30}
    assert both["errors"] == {"status 500": 2}
    assert both["generator_cpu"] == 0.5
    assert both["service_times"] == {"requests": 150, "response_ms": 15_000.0}
    assert both["course"] == [{"seconds": 1.0, "requests": 75, "response_ms": 7500.0}] * 2


def test_rates_are_added_where_windows_differ_in_length() -> None:
    both = joined([window(100, 2.0), window(60, 3.0)])
    assert both["requests"] / both["seconds"] == pytest.approx(100 / 2.0 + 60 / 3.0)


def test_a_generator_without_users_adds_nothing_to_the_rate() -> None:
    both = joined(
        [window(100, 2.0), window(0, 1.0, latency={}, course=[{"seconds": 0.5, "requests": 0, "response_ms": 0.0}] * 2)]
    )
    assert (both["requests"], both["seconds"]) == (100, 2.0)


def test_windows_without_any_request_have_their_mean_length() -> None:
    assert joined([window(0, 2.0), window(0, 3.0)])["seconds"] == 2.5


def test_what_a_generator_does_not_know_is_unknown_only_if_no_other_knows_it() -> None:
    assert joined([window(resent=None), window(resent=None)])["resent"] is None
    assert joined([window(resent=1), window(resent=2)])["resent"] == 3


def test_requests_by_name_are_added_and_left_out_if_all_have_one_name() -> None:
    one = {"GET /a": {"requests": 3, "failures": 1, "latency": {"5.0": 3}}}
    two = {"GET /b": {"requests": 2, "failures": 0, "latency": {"7.0": 2}}, **one}
    assert joined([window(parts=one), window(parts=one)])["parts"] == {}
    both = joined([window(parts=one), window(parts=two)])["parts"]
    assert both["GET /a"] == {"requests": 6, "failures": 2, "latency": {"5.0": 6}}
    assert both["GET /b"]["requests"] == 2


def test_the_first_requests_are_in_the_order_of_sending() -> None:
    first = [Exchange(sent, user=user) for sent, user in ((0.1, 1), (0.3, 3))]
    second = [Exchange(sent, user=user) for sent, user in ((0.0, 2), (0.2, 4))]
    assert [each.user for each in joined([window(first=first), window(first=second)])["first"]] == [2, 1, 4, 3]


def test_of_an_open_load_no_more_first_requests_are_kept_than_of_one_generator() -> None:
    many = [Exchange(float(number)) for number in range(FIRST)]
    open_load = arrivals([(0.0, 100.0)])
    both = joined([window(first=many, arrivals=open_load), window(first=many, arrivals=open_load)])
    assert len(both["first"]) == FIRST


def test_arrivals_are_added_in_the_order_in_which_they_were_intended() -> None:
    both = joined(
        [
            window(arrivals=arrivals([(0.0, 100.0), (1.0, None)], one=2)),
            window(arrivals=arrivals([(0.5, 200.0)], one=1, two=4)),
        ]
    )["arrivals"]
    assert both["latencies"] == [100.0, 200.0, None]
    assert (both["offered"], both["lost"], both["in_flight"], both["slope"]) == (3, 1, 1.0, 0.5)
    assert both["shares"] == [4, 3]
    assert both["seconds"] == 2.0
    assert both["late_ms"] == {"0.5": 4}


def test_turns_are_added() -> None:
    turns = {"tasks": 3, "task_ms": 30.0, "wait_ms": 5.0, "left": 1}
    assert joined([window(turns=turns), window(turns=turns)])["turns"] == {
        name: 2 * each for name, each in turns.items()
    }


def test_the_part_of_each_is_kept_as_the_results_have_it() -> None:
    about: dict[str, Any] = {
        "name": "left",
        "host": "north",
        "local": False,
        "place": 1,
        "of": 2,
        "opened": 0.0,
        "closed": 2.0,
    }
    (kept,) = told([window(**about, arrivals=arrivals([(0.0, 100.0)], one=1))])
    part = GeneratorWindow.model_validate(kept)
    assert (part.name, part.share.place, part.share.of, part.cpu) == ("left", 1, 2, 0.25)
    assert part.arrivals is not None
    assert part.arrivals.shares == [1]
