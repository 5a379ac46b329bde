import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import psutil
import pytest

from backing.postgres import Database
from loadtest.processes.service import Running
from sync_app.plumbing.database import CONNECT_WITHIN
from tests.backing.support.databases import own_database
from tests.conformance.support.fleet import WAYS_TO_WAIT, Fleet
from tests.conformance.support.people import fresh, nobody_is_answered
from tests.conformance.support.problems import unavailable
from tests.conformance.support.wire import Answer, Held, request
from tests.support.stalls import SLACK, TooLate, eventually

BACK_WITHIN = CONNECT_WITHIN + SLACK
"""Seconds for a service to notice that its database has gone or has come back, after a request has waited for it."""

SETTINGS = {"POOL_SIZE": "4", "MAX_DURATION": "60"}


@pytest.fixture(scope="module")
def server() -> Iterator[Database]:
    """Start a database server for this module alone, which the tests can stop and start."""
    with own_database() as server:
        yield server


def on(server: Database, fleet: Fleet, name: str) -> Running:
    """Start a service of the line-up with two workers that use `server`."""
    return fleet(name, workers=2, environment={"DATABASE_URL": server.url, **SETTINGS})


def workers(service: Running) -> set[int]:
    return {worker.pid for worker in psutil.Process(service.process.pid).children()}


@pytest.mark.parametrize("name", WAYS_TO_WAIT)
def test_a_database_that_goes_away_and_comes_back_under_load_is_survived(
    fleet: Fleet, server: Database, name: str
) -> None:
    service = on(server, fleet, name)
    before = workers(service)
    ended = Event()
    answers: list[Answer] = []

    def one_after_the_other() -> None:
        while not ended.wait(0.02):  # refusals without a pause would fill every core while the database is down
            answers.append(request(service.url, "/query?delay=20ms"))

    def answers_with(status: int) -> bool:
        return request(service.url, "/query?delay=0").status == status

    with ThreadPoolExecutor() as pool:
        clients = [pool.submit(one_after_the_other) for _ in range(3)]
        try:
            eventually(lambda: answers_with(200), BACK_WITHIN)
            server.stop()
            eventually(lambda: answers_with(503), BACK_WITHIN)
            eventually(lambda: any(answer.status == 503 for answer in list(answers)), BACK_WITHIN)
            server.start()
            back = time.perf_counter()
            eventually(lambda: all(answers_with(200) for _ in range(5)), BACK_WITHIN)
            eventually(
                lambda: any(answer.status == 200 and answer.began > back for answer in list(answers)), BACK_WITHIN
            )
        finally:
            ended.set()
        for each in clients:
            each.result()
    assert {answer.status for answer in answers} == {200, 503}
    for answer in answers:
        if answer.status == 503:
            assert unavailable(answer) == "The database is unreachable."
            assert answer.timing["total"] < BACK_WITHIN
    assert workers(service) == before


@pytest.mark.parametrize("name", WAYS_TO_WAIT)
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_an_asker_who_waits_while_the_database_restarts_hears_an_answer_that_is_given_afterwards(
    fleet: Fleet, server: Database, name: str, mode: str
) -> None:
    service = on(server, fleet, name)
    one = service.service.worker_class == "sync"  # a second waiting client would leave no worker for the answer
    question = fresh()
    texts = ["soup"] if one else ["soup", "salad", "bread", "fruit"]
    request(
        service.url, "/query?n=4&delay=20ms&mode=concurrent"
    )  # fills the pool with connections that the restart breaks
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(Held(service.url, f"/ask/{question}?timeout=25s").response) for _ in texts]
        nobody_is_answered(waiting)
        server.stop(mode)
        starts = time.perf_counter()
        server.start()
        back = time.perf_counter()
        for text in texts:
            eventually(
                lambda text=text: request(service.url, f"/answer/{question}", "POST", body=text.encode()).status == 202  # type: ignore[misc] # the default binds the current text
            )
        answers = [each.result() for each in waiting]
    if any(answer.status == 503 and answer.ended - starts >= CONNECT_WITHIN for answer in answers):
        raise TooLate("a connection took as long as the service waits for one, as it does when the machine stalls")
    assert [answer.status for answer in answers] == [200] * len(texts), [answer.body for answer in answers]
    assert len({answer.body for answer in answers}) == len(texts)
    assert max(answer.ended for answer in answers) - back < SLACK  # not only when they stop waiting
