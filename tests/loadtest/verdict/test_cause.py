"""The cause of many inconclusive steps."""

from loadtest.verdict.aggregate import rows
from loadtest.verdict.cause import cause
from loadtest.verdict.comparison import doubtful, verdict
from tests.loadtest.support.fabricated import results, step

BUSY = "other processes took 0.5{} of the service's 1 core"
NAMES = ("flask", "flask-threads", "flask-gevent", "aiohttp", "sanic")


def test_where_half_of_the_steps_or_more_are_inconclusive_the_commonest_cause_is_said_with_a_remedy() -> None:
    held = [step("aiohttp", users) for users in (1, 50)]
    busy = [step("flask", users, doubts=[BUSY.format(users)]) for users in (1, 50)]
    told = "cannot be trusted, because other processes took CPU time from the run. Close other programs, and run again."
    other = step("flask", 100, doubts=["the repeats disagree (1/s to 2/s)"])
    for steps, expected in (
        (held, []),
        ([*held, busy[0]], []),
        ([*held, *busy], [f"2 of 4 steps {told}"]),
        ([*busy], [f"2 of 2 steps {told}"]),
        ([*busy, other], [f"3 of 3 steps {told.replace('because', 'mostly because')}"]),
        ([step("flask", 1, doubts=["9 of 10 requests failed"])], []),  # a fault of the service has no remedy here
        ([], []),
    ):
        assert cause(rows(results(steps))) == expected


def test_many_services_with_the_same_doubt_share_a_sentence() -> None:
    table = rows(results([step(name, 1, doubts=[BUSY.format(place)]) for place, name in enumerate(NAMES)]))
    (told,) = doubtful(table)
    assert told == (
        "5 steps of 5 services are inconclusive: other processes took 0.50 to 0.54 of the service's 1 core. These are "
        "flask at 1 user; flask-threads at 1 user; flask-gevent at 1 user; aiohttp at 1 user; sanic at 1 user."
    )
    assert len(doubtful(table[:3])) == 3


def test_in_brief_many_doubts_are_a_number() -> None:
    run = results([step(name, 1, doubts=[f"because of {name}"]) for name in NAMES[:3]])
    found = verdict(run, rows(run))
    assert found.brief == ["Brackets: 3 inconclusive steps; --details gives the reasons."]
    assert len(found.doubts) == 3
