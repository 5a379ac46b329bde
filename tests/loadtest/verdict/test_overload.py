from collections.abc import Sequence

import pytest

from loadtest.results.schema import Contender, Step
from loadtest.verdict.aggregate import rows
from loadtest.verdict.overload import UNREPEATED, overload
from tests.loadtest.support.arrivals import RUN, evenly, limited, open_run, refusing
from tests.loadtest.support.fabricated import open_step

MANY = evenly(960)
"""One and a half times what 64 slots of 100 ms carry."""


def told(steps: Sequence[Step], *contenders: Contender, deadline: float | None = 1.0) -> list[str]:
    run = open_run(steps, deadline=deadline, contenders=contenders)
    return overload(run, rows(run))


def test_goodput_is_told_at_the_highest_rate_as_a_share_of_what_was_possible() -> None:
    assert told(RUN) == [
        "Goodput at 800 arrivals/s, answers within 1 s: flask-threads 248/s (39% of its capacity of 640/s), aiohttp "
        "800/s (100% of the arrivals)."
    ]
    assert told(RUN, deadline=None) == []


def test_goodput_is_told_only_of_figures_that_can_be_trusted() -> None:
    doubted = [each.model_copy(update={"doubts": ["so"]}) if each.load.amount == 800 else each for each in RUN]
    (sentence,) = told(doubted)
    assert sentence.startswith("Goodput at 100 arrivals/s")
    assert told([each.model_copy(update={"doubts": ["so"]}) for each in RUN]) == []


def test_a_service_that_refuses_early_is_compared_with_those_that_differ_in_nothing_else() -> None:
    few, as_many = limited(32), limited(64)
    steps = [open_step("flask-threads", MANY), refusing(few, MANY), refusing(as_many, MANY), open_step("flask", MANY)]
    assert told(steps, few, as_many)[1:] == [
        "flask-threads:max-in-flight=16 refuses requests (67% of the arrivals), flask-threads and "
        "flask-threads:max-in-flight=32 let them queue: a service that refuses early serves more people within 1 s, "
        "here 2.6 times as many.",
        "flask-threads:max-in-flight=32 refuses nothing: its limit of 64 requests in flight is not below its 64 slots, "
        "so further requests queue in the server, where no thread is free to refuse them.",
        UNREPEATED,
    ]


def test_refusing_is_not_praised_where_it_serves_no_more() -> None:
    few = limited(4)  # 40/s are let in
    told_of = told([open_step("flask-threads", MANY), refusing(few, MANY)], few)
    assert told_of[1] == (
        "flask-threads:max-in-flight=2 refuses requests (96% of the arrivals), flask-threads lets them queue: refusing "
        "serves no more people within 1 s here."
    )


def test_a_limit_that_was_seen_to_refuse_is_not_said_to_refuse_nothing() -> None:
    known = limited(64)
    step = refusing(known, MANY)
    assert step.measured
    refused = step.measured.model_copy(update={"errors": {"status 503 instead of 200": 5}})
    assert told([step.model_copy(update={"measured": refused})], known, deadline=None) == [UNREPEATED]


@pytest.mark.parametrize("limit", [32, 62])
def test_a_limit_below_the_slots_is_not_said_to_refuse_nothing(limit: int) -> None:
    known = limited(limit)
    assert told([refusing(known, evenly(20))], known, deadline=None) == []
