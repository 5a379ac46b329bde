import pytest

from loadtest.report.figures.workers import UNANSWERED, UNTOLD, Worker, workers
from loadtest.results.exchange import Exchange
from loadtest.workload.closed import Closed
from tests.loadtest.support.fabricated import contender, first


def served(at: float, served_by: str) -> Exchange:
    return Exchange(at, at + 0.2, at + 0.2, 200, served_by, 0.1, 0.1)


def threads(worker: Worker) -> list[str]:
    """Return the threads of a worker in the order of its requests; consecutive repeats count once."""
    names = [exchange.served_by.rpartition("=")[2] for exchange in worker.requests]
    return [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]


def test_each_sync_worker_has_a_row_in_which_one_request_follows_the_other() -> None:
    found = workers(first(Closed(10), contender("flask")), contender("flask"))
    assert [worker.name for worker in found] == [f"process {number}: one request at a time" for number in range(1, 6)]
    for worker in found:
        assert len(worker.requests) == 8
        assert len(worker.threads) == 1
        for one, next_one in zip(worker.requests, worker.requests[1:], strict=False):
            assert one.ended is not None
            assert next_one.began == pytest.approx(one.ended)


def test_the_requests_of_a_thread_lie_together_in_the_row_of_its_process() -> None:
    requests = first(Closed(100), contender("flask-threads"))
    found = workers(requests, contender("flask-threads"))
    assert [worker.name for worker in found] == [
        f"process {number}: 32 threads used, one request at a time each" for number in (1, 2)
    ]
    assert sum(len(worker.requests) for worker in found) == len(requests)
    for worker in found:
        assert len(threads(worker)) == len(set(threads(worker))) == len(worker.threads) == 32
        assert all(len({each.served_by for each in thread}) == 1 for thread in worker.threads)


def test_a_single_thread_is_called_one() -> None:
    requests = [served(at, "sync_app; pid=7; lane=ThreadPoolExecutor-0_0") for at in (0.0, 0.5)]
    (worker,) = workers(requests, contender("flask-threads"))
    assert worker.name == "process 1: 1 thread used, one request at a time"


@pytest.mark.parametrize("service", ["flask-gevent", "aiohttp"])
def test_an_event_loop_is_one_row_whatever_it_calls_itself(service: str) -> None:
    requests = [served(place / 100, f"app; pid={place % 2}; lane=Dummy-{place}") for place in range(10)]
    found = workers(requests, contender(service))
    assert [worker.name for worker in found] == ["process 1", "process 2"]
    assert [worker.threads for worker in found] == [[requests[::2]], [requests[1::2]]]


def test_workers_come_in_the_order_in_which_they_were_first_used_and_not_in_which_they_were_asked() -> None:
    late = Exchange(0.0, 1.0, 1.0, 200, "app; pid=1; lane=loop", 0.1, 0.1)
    early = Exchange(0.5, 0.7, 0.7, 200, "app; pid=2; lane=loop", 0.1, 0.1)
    assert [worker.requests for worker in workers([late, early], contender("aiohttp"))] == [[early], [late]]


@pytest.mark.parametrize(
    ("odd", "name"),
    [
        (Exchange(0.1), UNANSWERED),
        (Exchange(0.1, 0.2), UNANSWERED),
        (Exchange(0.1, 0.2, None, 200, "app; pid=1; lane=loop", 0.1, 0.1), UNANSWERED),
        (Exchange(0.1, 0.2, 0.2, 502), UNTOLD),
        (Exchange(0.1, None, 0.2), UNTOLD),
        *(
            (served(0.1, hostile), UNTOLD)
            for hostile in (
                *("nobody", "app; pid=; lane=loop", "app; pid=x; lane=loop", "app; pid=-1; lane=loop"),
                *("app; pid=1; lane=", "app; lane=loop; pid=1", "<script>alert(1)</script>", ";" * 10_000),
            )
        ),
    ],
)
def test_what_nobody_owns_up_to_is_a_row_of_its_own_and_the_last(odd: Exchange, name: str) -> None:
    answered = served(0.3, "app; pid=1; lane=loop")
    found = workers([odd, answered], contender("aiohttp"))
    assert [worker.requests for worker in found] == [[answered], [odd]]
    assert found[-1].name == name


def test_what_is_over_and_what_is_not_are_told_apart() -> None:
    over, answered, waiting = Exchange(0.0, 0.2, 0.2, 502), served(0.3, "app; pid=1; lane=loop"), Exchange(0.1)
    found = workers([waiting, over, answered], contender("flask"))
    assert [worker.requests for worker in found] == [[answered], [over], [waiting]]
    assert [worker.name for worker in found[1:]] == [UNTOLD, UNANSWERED]


def test_no_name_of_a_worker_holds_anything_that_a_service_said() -> None:
    hostile = served(0.1, "<b>; pid=12345; lane=<script>alert(1)</script>")
    for service in ("flask", "flask-threads", "aiohttp"):
        (worker,) = workers([hostile], contender(service))
        assert worker.requests == [hostile]
        assert "<" not in worker.name
        assert "12345" not in worker.name


def test_without_requests_there_are_no_workers() -> None:
    assert workers([], contender("flask")) == []
