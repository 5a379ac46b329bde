import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from loadtest.processes.service import Running
from tests.conformance.support.cases import BAD_ANSWERS
from tests.conformance.support.fleet import NAMES, ONE_AT_A_TIME, SEVERAL, TOGETHER, WAYS_TO_WAIT, Fleet
from tests.conformance.support.people import fresh, give, nobody_is_answered, told
from tests.conformance.support.problems import detail
from tests.conformance.support.wire import (
    PATIENCE,
    Answer,
    Held,
    NotAnswered,
    ask,
    at_once,
    connect,
    read,
    written,
)
from tests.support.stalls import SLACK, eventually, within

OVERLAPPING = pytest.mark.parametrize("name", [name for name in WAYS_TO_WAIT if name in TOGETHER])


@pytest.fixture(params=WAYS_TO_WAIT)
def waiting(request: pytest.FixtureRequest, fleet: Fleet) -> Running:
    """Return a service for each way to wait in turn, with several processes.

    The framework has no influence on questions and answers.
    """
    name: str = request.param
    return fleet(name, SEVERAL[name])


@pytest.fixture(params=NAMES)
def leaving(request: pytest.FixtureRequest, fleet: Fleet) -> Running:
    """Return each service in turn: how one notices that a client has left depends on its framework."""
    name: str = request.param
    return fleet(name, SEVERAL[name] if name in WAYS_TO_WAIT else 1)


def workers(service: Running) -> set[int]:
    return {worker.pid for worker in psutil.Process(service.process.pid).children()}


def kill(service: Running, worker: int) -> None:
    """Kill a worker and wait until another one has replaced it."""
    before = workers(service)
    os.kill(worker, signal.SIGKILL)
    eventually(lambda: worker not in workers(service) and len(workers(service)) == len(before), PATIENCE)


def clients_of(service: Running, worker: int) -> int:
    """Return the number of clients that are connected to a worker."""
    port = int(service.url.rpartition(":")[2])
    sockets = psutil.Process(worker).net_connections("tcp")
    return sum(each.status == psutil.CONN_ESTABLISHED and each.laddr.port == port for each in sockets)


def test_an_answer_that_is_there_is_given_once(service: Running) -> None:
    question = fresh()
    give(service.url, question, "soup")
    assert told(ask(service.url, f"/ask/{question}"), question) == "soup"
    assert ask(service.url, f"/ask/{question}?timeout=0").status == 504


TEXTS = ("x", "a\nb\n", '{"a":"\\u0041"}', "\u00e9\U0001f372\u2028", " ", "x" * 4096, "\u00e9" * 2048, "';--", "%s{}")


def test_an_answer_comes_as_it_was_given(application: Running) -> None:
    for text in TEXTS:
        question = fresh()
        give(application.url, question, text)
        assert told(ask(application.url, f"/ask/{question}"), question) == text


def test_a_question_may_have_any_name_of_these(application: Running) -> None:
    for question in ("a", "0", "-", "a" * 64):
        while ask(application.url, f"/ask/{question}?timeout=0").status == 200:
            pass  # discards the answers of other tests
        give(application.url, question, "soup")
        assert told(ask(application.url, f"/ask/{question}"), question) == "soup"


def test_a_bad_answer_is_refused(application: Running) -> None:
    for case in BAD_ANSWERS:
        answer = ask(application.url, case.target, "POST", body=case.body)
        assert detail(answer, 400, "Bad Request") == case.detail
        assert answer.timing.keys() == {"total"}, case


@pytest.mark.parametrize("size", [4097, 100_000])
def test_a_longer_answer_is_refused_and_not_kept(service: Running, size: int) -> None:
    question = fresh()
    answer = ask(service.url, f"/answer/{question}", "POST", body=b"x" * size)
    assert detail(answer, 413, "Content Too Large") == "A request body may hold at most 4096 bytes."
    assert ask(service.url, f"/ask/{question}?timeout=0").status == 504


def test_an_answer_of_unknown_length_is_refused_and_not_kept(service: Running) -> None:
    question = fresh()
    with connect(service.url) as connection:
        request = written(f"/answer/{question}", "POST", {"Transfer-Encoding": "chunked"})
        connection.sendall(request + b"4\r\nsoup\r\n0\r\n\r\n")
        detail(read(connection, time.perf_counter()), 411, "Length Required")
    assert ask(service.url, f"/ask/{question}?timeout=0").status == 504


def test_half_an_answer_is_not_kept(service: Running) -> None:
    question = fresh()
    with connect(service.url) as connection:
        connection.sendall(written(f"/answer/{question}", "POST", {"Content-Length": "10"}) + b"half")
        connection.shutdown(socket.SHUT_WR)
        received = connection.recv(100)
    assert not received or received.startswith(b"HTTP/1.1 400 ")
    assert ask(service.url, f"/ask/{question}?timeout=0").status == 504


@pytest.mark.parametrize("timeout", [0.0, 0.3])
def test_nobody_answers_in_time(waiting: Running, timeout: float) -> None:
    question = fresh()
    answer = ask(waiting.url, f"/ask/{question}?timeout={timeout}")
    assert detail(answer, 504, "Gateway Timeout") == f"No answer to {question!r} came within {timeout:g} s."
    assert timeout <= answer.timing["wait"] <= answer.elapsed + 0.0001
    assert answer.elapsed < timeout + SLACK


@pytest.mark.parametrize("answering", ["itself", "flask", "aiohttp"])
def test_an_answer_reaches_who_asks_at_once_whichever_process_it_is_given_to(
    waiting: Running, fleet: Fleet, answering: str
) -> None:
    question = fresh()
    other = waiting if answering == "itself" else fleet(answering)
    with ThreadPoolExecutor() as pool:
        asker = pool.submit(Held(waiting.url, f"/ask/{question}?timeout=10s").answer)
        nobody_is_answered([asker])
        given = give(other.url, question, "soup")
        heard = asker.result()
    assert told(heard, question) == "soup"
    assert heard.elapsed >= 0.1
    within(1, heard.ended - given.ended)


def test_questions_do_not_mix(waiting: Running) -> None:
    questions = [fresh() for _ in range(3)]
    with ThreadPoolExecutor() as pool:
        asker = pool.submit(Held(waiting.url, f"/ask/{questions[0]}?timeout=1s").answer)
        for question in questions[1:]:
            give(waiting.url, question, f"to {question}")
        assert asker.result().status == 504
    for question in questions[1:]:
        assert told(ask(waiting.url, f"/ask/{question}"), question) == f"to {question}"


def heard(answers: Sequence[Answer], question: str) -> Counter[str]:
    return Counter(told(answer, question) for answer in answers)


def test_twenty_answers_are_kept_and_each_is_given_to_one_of_twenty_who_ask_at_once(waiting: Running) -> None:
    question = fresh()
    texts = [f"answer {number}" for number in range(20)]
    for text in texts:
        give(waiting.url, question, text)
    answers = at_once(waiting.url, [f"/ask/{question}?timeout=10s"] * 20)
    assert heard(answers, question) == Counter(texts)
    assert ask(waiting.url, f"/ask/{question}?timeout=0").status == 504


@OVERLAPPING
def test_twenty_answers_that_come_at_once_are_each_given_to_one_of_twenty_who_wait(fleet: Fleet, name: str) -> None:
    service = fleet(name, SEVERAL[name])
    question = fresh()
    texts = [f"answer {number}" for number in range(20)]
    with ThreadPoolExecutor(40) as pool:
        waiting = [pool.submit(Held(service.url, f"/ask/{question}?timeout=10s").answer) for _ in texts]
        nobody_is_answered(waiting)
        list(pool.map(lambda text: give(service.url, question, text), texts))
        answers = [each.result() for each in waiting]
    assert heard(answers, question) == Counter(texts)
    assert ask(service.url, f"/ask/{question}?timeout=0").status == 504
    within(5, max(answer.elapsed for answer in answers))


def test_the_oldest_answer_comes_first(waiting: Running) -> None:
    question = fresh()
    for text in ("first", "second"):
        give(waiting.url, question, text)
    assert [told(ask(waiting.url, f"/ask/{question}"), question) for _ in range(2)] == ["first", "second"]


def test_head_leaves_the_answer_where_it_is(application: Running) -> None:
    question = fresh()
    give(application.url, question, "soup")
    heads = [ask(application.url, f"/ask/{question}", "HEAD") for _ in range(2)]
    got = ask(application.url, f"/ask/{question}")
    assert told(got, question) == "soup"
    for head in heads:
        assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(got.body)))


def test_an_asker_who_left_takes_no_answer_from_the_one_who_waits_behind(leaving: Running) -> None:
    question = fresh()
    with ThreadPoolExecutor() as pool, Held(leaving.url, f"/ask/{question}?timeout=10s") as left:
        asker = pool.submit(Held(leaving.url, f"/ask/{question}?timeout=10s").answer)
        nobody_is_answered([asker])
        left.leave()
        given = give(leaving.url, question, "soup")
        answer = asker.result()
    assert told(answer, question) == "soup"
    within(1, answer.ended - given.ended)


def test_an_answer_that_only_those_who_left_waited_for_is_kept(leaving: Running) -> None:
    question = fresh()
    for _ in range(2):
        Held(leaving.url, f"/ask/{question}?timeout=10s").leave()
    give(leaving.url, question, "soup")
    assert told(ask(leaving.url, f"/ask/{question}?timeout=10s"), question) == "soup"


@pytest.mark.parametrize("name", WAYS_TO_WAIT)
def test_nothing_is_lost_when_the_worker_that_took_an_answer_is_killed(fleet: Fleet, name: str) -> None:
    service = fleet(name, workers=2)
    question = fresh()
    kill(service, give(service.url, question, "soup").pid)
    assert told(ask(service.url, f"/ask/{question}?timeout=10s"), question) == "soup"


@pytest.mark.parametrize("name", WAYS_TO_WAIT)
def test_when_a_worker_is_killed_while_many_wait_the_others_have_every_answer(fleet: Fleet, name: str) -> None:
    service, other = fleet(name, workers=2), fleet("aiohttp")
    question = fresh()
    texts = [f"answer {number}" for number in range(2 if name in ONE_AT_A_TIME else 8)]

    def outcome(held: Held) -> Answer | None:
        try:
            return held.answer()
        except NotAnswered:
            return None

    with ThreadPoolExecutor(len(texts)) as pool:
        waiting = [pool.submit(outcome, Held(service.url, f"/ask/{question}?timeout=10s")) for _ in texts]
        lost = clients_of(service, worker := min(workers(service)))
        kill(service, worker)
        eventually(lambda: sum(each.done() for each in waiting) >= lost)
        for text in texts:
            give(other.url, question, text)
        answers = [answer for each in waiting if (answer := each.result())]
    assert len(answers) == len(texts) - lost
    answers += at_once(service.url, [f"/ask/{question}?timeout=10s"] * lost) if lost else []
    assert heard(answers, question) == Counter(texts)
