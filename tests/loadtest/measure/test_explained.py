from loadtest.contenders.target import Target
from loadtest.measure.explained import explained
from loadtest.results.schema import Step
from loadtest.verdict.bounds import OWN_LIMIT
from loadtest.workload.demand import USERS
from tests.loadtest.support.fabricated import measured, results, step

WAIT = 0.1


def seen(users: int, per_second: float, connections: list[int]) -> Step:
    """Return a step of a target whose two processes had so many connections."""
    window = measured(users, users / per_second, 60.0, connections=connections)
    return step("mine", users, measured=window, bound=USERS if users == 1 else OWN_LIMIT)


def test_a_limit_that_connections_share_unevenly_is_named_where_it_explains_the_shortfall() -> None:
    saturated = [seen(1, 10, [1, 0]), seen(32, 80, [16, 16]), seen(64, 80, [32, 32])]
    for connections, bound in (
        ([6, 2], "slots, unevenly shared (one process had 6 of 8 users and 4 of 8 slots)"),
        ([4, 4], OWN_LIMIT),  # evenly shared, so something else
        ([1, 0], OWN_LIMIT),  # no connection is kept
    ):
        run = explained(results([*saturated, seen(8, 60, connections)]), [Target("mine", "http://127.0.0.1:9")])
        (known,) = run.contenders
        assert known.inferred is not None
        assert known.inferred.limit is not None
        assert (known.inferred.limit.capacity, known.inferred.limit.loads) == (8, [32, 64])
        assert [each.bound for each in run.steps] == [USERS, OWN_LIMIT, OWN_LIMIT, bound]
        short = run.steps[-1].predicted
        assert short is not None
        assert round(short.throughput) == 80
