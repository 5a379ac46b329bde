"""What held event loops, in sentences and tables."""

import json
from collections.abc import Sequence

import pytest

from loadtest.results.stalls import BLOCKING, BURST, COMPUTING, GARBAGE, LOCKED, Finding, Spotted, Stalls, Waiting
from loadtest.verdict import stall_tables
from loadtest.verdict.comparison import conclusive
from loadtest.verdict.held import headline, sentences
from loadtest.verdict.summary import summary
from loadtest.watch.sites import Site
from tests.loadtest.support.stalled import (
    AS_IT_IS,
    AWAITED,
    CALL,
    SUMS,
    THREADS,
    clean,
    computing,
    finding,
    stalls,
    watched,
)

POOL = Site("shop/app.py", 27, "stock", "pool.acquire")
NAMELESS = Site("shop/app.py", 57, "")


def test_the_headline_says_what_a_call_costs_and_what_was_measured() -> None:
    assert headline(watched(stalls())) == (
        "requests.get in shop/app.py:57 (stock) holds the loop 41 ms a request: at most 24.4 requests a second for "
        "each process (measured 23.6)"
    )
    unmeasured = stalls(repairs=[AS_IT_IS.model_copy(update={"measured": None})])
    assert headline(watched(unmeasured)).endswith("at most 24.4 requests a second for each process")
    assert headline(watched(stalls(repairs=[]))).endswith("holds the loop 41 ms a request, 82% of its time")


def test_the_headline_counts_further_lines() -> None:
    two = stalls(findings=[finding(), computing()])
    assert "41 ms a request, and 1 further line holds it too: at most 24.4 " in headline(watched(two))
    three = stalls(findings=[finding(), computing(), computing()], repairs=[])
    assert headline(watched(three)).endswith("and 2 further lines hold it too, 88% of its time")


@pytest.mark.parametrize(
    ("kind", "site", "told"),
    [
        (BLOCKING, NAMELESS, "shop/app.py:57 holds the loop"),
        (BLOCKING, Site("a.py", 1, "f", "", "socket.recv"), "socket.recv in a.py:1 (f) holds the loop"),
        (COMPUTING, SUMS, "shop/prices.py:8 (total) computes, and holds the loop"),
        (LOCKED, CALL, "requests.get in shop/app.py:57 (stock) keeps the interpreter's lock, and holds the loop"),
        (BURST, SUMS, "A burst of callbacks at shop/prices.py:8 (total) holds the loop"),
        (BURST, None, "A burst of callbacks holds the loop"),
        (GARBAGE, None, "Garbage collection holds the loop"),
        (BLOCKING, Site("\x1b[31m.py", 1, "f"), "\N{REPLACEMENT CHARACTER}[31m.py:1 (f) holds the loop"),
    ],
)
def test_each_kind_has_words_of_its_own(kind: str, site: Site | None, told: str) -> None:
    assert headline(watched(stalls(findings=[finding(site, kind=kind)]))).startswith(f"{told} 41 ms a request")


def test_a_loop_that_is_free_is_told_with_where_requests_wait() -> None:
    assert headline(watched(clean())) == "Nothing held the loop for 10 ms or longer"
    told = "The loop was busy 3% of the time; a request took 61 ms on average, and 42 ms with no other in flight."
    assert sentences(watched(clean())) == [told]
    free = clean(waiting=[Waiting(site=POOL, share=0.96), Waiting(site=SUMS, share=0.04)])
    assert headline(watched(free)) == (
        "The loop is free (3% busy): 96% of the waiting requests are at pool.acquire in shop/app.py:27 (stock)"
    )
    assert sentences(watched(free)) == [f"{told} Of those that waited, 4% at shop/prices.py:8 (total)."]
    assert sentences(watched(clean(requests=0))) == []


def test_doubts_come_first_and_what_was_seen_is_told_as_doubtful() -> None:
    doubted = watched(stalls(doubts=["the machine was busy", "a loop ended"]))
    assert headline(doubted) == "What holds the event loop cannot be told: the machine was busy"
    first, second, third, *_ = sentences(doubted)
    assert (first, second) == ("Inconclusive: the machine was busy.", "Inconclusive: a loop ended.")
    assert third.startswith("Seen, though inconclusive: requests.get in shop/app.py:57 (stock) holds the loop 41 ms ")
    unwatched = watched(clean(loops=[]))
    assert headline(unwatched) == "What holds the event loop cannot be told: no event loop was watched"
    assert [conclusive(each, []) for each in (doubted, unwatched, watched(stalls()), watched(clean()))] == [
        *(False, False),
        *(True, True),
    ]
    stopped = watched(stalls()).model_copy(update={"complete": False})
    assert not conclusive(stopped, [])
    assert sentences(stopped)[-1] == "The run was interrupted. Only what was seen until then is shown."


def test_each_repair_is_told_with_its_bound_and_its_assumption() -> None:
    assert sentences(watched(stalls())) == [
        "In a thread: 780 requests a second for each process, bound by the threads. 32 threads, each held 41 ms; a "
        "hand-over costs 0.1 ms.",
        "Awaited: 400 requests a second for each process (measured 390, ratio 0.97), bound by the pool. 16 "
        "connections, each held 40 ms.",
    ]


def test_repairs_of_several_lines_name_the_line() -> None:
    second = THREADS.model_copy(update={"finding": 1})
    every = AWAITED.model_copy(update={"finding": None})
    both = watched(stalls(findings=[finding(), computing()], repairs=[AS_IT_IS, THREADS, second, every]))
    starts = [row[0].partition(":")[0] for row in stall_tables.repairs(both.stalls[0]).rows]
    assert starts == [
        "as it is",
        "requests.get in shop/app.py",
        "shop/prices.py",
        "all blocking calls, awaited",
    ]
    assert sentences(both)[0] == "As in the window, a request holds the event loop 41 ms and costs 2.00 ms of CPU time."
    assert sentences(both)[1].startswith("requests.get in shop/app.py:57 (stock), in a thread: 780 requests a second")
    assert sentences(both)[3].startswith("All blocking calls, awaited: 400 requests a second")


def test_what_no_model_predicts_is_told_with_what_to_do() -> None:
    burst = watched(stalls(findings=[finding(SUMS, kind=BURST), finding(None, kind=GARBAGE)], repairs=[]))
    first, second = sentences(burst)
    assert first.startswith("shop/prices.py:8 (total): Split the work, or limit with a semaphore ")
    assert second.startswith("Garbage collection: Keep fewer objects ")


def test_what_is_no_finding_is_told_as_none() -> None:
    site = Site("lib/client.py", 3, "send", own=False)
    rare = [finding(CALL, times=1, worst_ms=31.0), finding(SUMS, times=2, worst_ms=12.0)]
    told = sentences(
        watched(stalls(findings=[finding(site)], repairs=[], rare=rare, not_scheduled_ms=140.0)),
    )
    assert told == [
        "No line of the service's own code was on the stack of lib/client.py:3 (send): it is a library's.",
        "Too little to be a finding, the loop was held by requests.get in shop/app.py:57 (stock), once for 31 "
        "ms and shop/prices.py:8 (total), 2 times for at most 12 ms.",
        "For 140 ms more, a loop did not run because the machine ran something else (not scheduled): that is no "
        "finding.",
    ]
    (many,) = sentences(watched(stalls(repairs=[], rare=[finding(SUMS)] * 5)))
    assert many.endswith(" and 2 further lines.")


def test_lines_that_checkers_point_at_are_named_if_they_are_few() -> None:
    seen = Spotted(tool="ruff", site=CALL, said="ASYNC210 blocks.", seen=True)
    unseen = Spotted(tool="hydroid", site=SUMS, said="blocks", seen=False)
    assert sentences(watched(stalls(repairs=[], spotted=[seen, unseen]))) == [
        "ruff at shop/app.py:57 (stock): ASYNC210 blocks; the run saw it hold the loop.",
        "hydroid at shop/prices.py:8 (total): blocks; the run did not see it hold the loop.",
    ]
    assert sentences(watched(stalls(repairs=[], spotted=[seen, unseen] * 2))) == [
        "ruff and hydroid point at 4 lines; the run saw 2 of them hold the loop."
    ]
    assert stall_tables.spotted(stalls(spotted=[seen, unseen])).rows == [
        ["ruff", "shop/app.py:57 (stock)", "yes", "ASYNC210 blocks."],
        ["hydroid", "shop/prices.py:8 (total)", "no", "blocks"],
    ]


def test_several_services_are_named() -> None:
    both = watched(stalls("flask", repairs=[]), clean("aiohttp"))
    assert headline(both) == (
        "flask: requests.get in shop/app.py:57 (stock) holds the loop 41 ms a request, 82% of its time; aiohttp: "
        "nothing held the loop for 10 ms or longer"
    )
    assert [each.partition(":")[0] for each in sentences(both)] == ["aiohttp"]


def cells(each: Stalls) -> Sequence[Sequence[str]]:
    return stall_tables.findings(each).rows


def test_figures_stand_in_brackets_if_they_are_in_doubt_and_routes_are_counted() -> None:
    assert cells(stalls()) == [
        ["shop/app.py:57 (stock)", "requests.get", "blocking call", "200", "41.0", "45.2", "41.0", "82%", OF_STOCK]
    ]
    assert cells(stalls(doubts=["so"]))[0][3:] == ["(200)", "(41.0)", "(45.2)", "(41.0)", "(82%)", OF_STOCK]
    collected: Finding = finding(None, kind=GARBAGE, routes={}, share=0.001)
    assert cells(stalls(findings=[collected]))[0][:3] == ["-", "-", "garbage collection"]
    assert cells(stalls(findings=[collected]))[0][-2:] == ["<1%", "-"]
    assert stall_tables.routes({"a": 1, "b": 9, "c": 2, "d": 1, "e": 1}) == "b (9), c (2), a (1), 2 more"
    assert [row[1:4] for row in stall_tables.repairs(stalls(doubts=["so"])).rows] == [
        ["(24.4)", "(23.6)", "(0.97)"],
        ["(780)", "-", "-"],
        ["(400)", "(390)", "(0.97)"],
    ]


OF_STOCK = "GET /stock (200)"


def test_the_summary_for_scripts_has_the_findings_and_repairs_but_no_stretches() -> None:
    run = watched(stalls(rare=[finding(None, kind=GARBAGE)]), requirements=["stalls<10ms"])
    told = json.loads(json.dumps(summary(run), allow_nan=False))
    assert told["headline"] == headline(run)
    assert told["verdict"] == sentences(run)
    (only,) = told["stalls"]
    (found,) = only["findings"]
    assert (found["file"], found["line"], found["call"], found["worst_ms"]) == ("shop/app.py", 57, "requests.get", 45.2)
    assert (only["conclusive"], only["held_share"], only["loops"]) == (True, 0.82, 1)
    assert only["rare"][0]["file"] is None
    assert [(each["way"], each["predicted_per_s"], each["measured_per_s"]) for each in only["repairs"]] == [
        ("as it is", 24.4, 23.6),
        ("in a thread", 780.0, None),
        ("awaited", 400.0, 390.0),
    ]
    assert [each["finding"] for each in told["requirements"]] == ["broken"]
