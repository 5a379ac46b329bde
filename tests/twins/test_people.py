"""Questions and answers in a real PostgreSQL, without a service around them."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager

import psycopg
import pytest

import async_app.people
import async_app.plumbing.database
import sync_app.people
import sync_app.plumbing.database
from async_app.plumbing.database import Database as AsyncDatabase
from async_app.plumbing.database import Limited as AsyncLimited
from async_app.plumbing.database import open_database as open_async_database
from async_app.plumbing.handover import Handover as AsyncHandover
from backing.postgres import Database as Server
from contract.parameters import Answer, Question
from contract.problems import Problem
from contract.settings import Settings
from contract.statements import GIVE
from sync_app.plumbing.database import Database, Limited, open_database
from sync_app.plumbing.handover import Handover
from tests.backing.support.databases import own_database
from tests.support.stalls import SLACK, at_best, eventually

LUNCH = Question.model_construct(question="lunch", timeout=40.0)
SOUP = Answer.model_construct(question="lunch", answer="soup")
AT_ONCE = 2 * SLACK
"""Seconds. Generous, but far shorter than the timeout after which a client that was not woken would look again."""

PATIENT = 30
"""Seconds within which a database that stalls connects and answers."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with own_database() as server:
        yield server


@pytest.fixture
def url(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for module in (sync_app.people, async_app.people, sync_app.plumbing.database, async_app.plumbing.database):
        monkeypatch.setattr(module, "CONNECT_WITHIN", PATIENT)
    for database in (sync_app.plumbing.database, async_app.plumbing.database):
        monkeypatch.setattr(database, "ANSWER_WITHIN", PATIENT)
    yield server.url
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS answers")


def kept(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT answer FROM answers ORDER BY id")]


def left(url: str, texts: list[str]) -> None:
    """Wait until these answers alone are kept."""
    eventually(lambda: kept(url) == texts)


def forget_all(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM answers")


def break_all(url: str) -> None:
    """Terminate all other connections to the database."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid != pg_backend_pid() AND backend_type = 'client backend'"
        )


class Threads(sync_app.people.People):
    """The blocking twin's People, with semaphores that show its progress."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        listens = self.listens = threading.Semaphore(0)

        class Askers(sync_app.people.Askers):
            def wake_all(self) -> None:
                super().wake_all()
                listens.release()

        self._askers = Askers()
        self.looked = threading.Semaphore(0)
        self.tidied = threading.Semaphore(0)

    def _take(self, question: str) -> Handover | None:
        taken = super()._take(question)
        if taken is None:
            self.looked.release()
        return taken

    def _tidy(self, connection: Limited) -> None:
        super()._tidy(connection)
        self.tidied.release()


class Loop(async_app.people.People):
    """The non-blocking twin's People, with semaphores that show its progress."""

    def __init__(self, database: AsyncDatabase) -> None:
        super().__init__(database)
        listens = self.listens = asyncio.Semaphore(0)

        class Askers(async_app.people.Askers):
            def wake_all(self) -> None:
                super().wake_all()
                listens.release()

        self._askers = Askers()
        self.looked = asyncio.Semaphore(0)
        self.tidied = asyncio.Semaphore(0)

    async def _take(self, question: str) -> AsyncHandover | None:
        taken = await super()._take(question)
        if taken is None:
            self.looked.release()
        return taken

    async def _tidy(self, connection: AsyncLimited) -> None:
        await super()._tidy(connection)
        self.tidied.release()


@contextmanager
def on_threads(url: str, pool_timeout: float = 10.0) -> Iterator[tuple[Database, Threads]]:
    settings = Settings(database_url=url, pool_size=1, pool_timeout=pool_timeout)
    with open_database(settings) as database:
        people = Threads(database)
        with people.listening():
            with database.connection():
                pass  # creates the tables
            assert people.listens.acquire(timeout=AT_ONCE)
            yield database, people


@asynccontextmanager
async def on_a_loop(url: str, pool_timeout: float = 10.0) -> AsyncIterator[tuple[AsyncDatabase, Loop]]:
    settings = Settings(database_url=url, pool_size=1, pool_timeout=pool_timeout)
    async with open_async_database(settings) as database, asyncio.timeout(3 * AT_ONCE):
        people = Loop(database)
        async with people.listening():
            async with database.connection():
                pass  # creates the tables
            await people.listens.acquire()
            yield database, people


def test_on_threads_an_answer_is_gone_once_its_body_was_taken(url: str) -> None:
    with on_threads(url) as (_, people):
        people.answer(SOUP)
        handover = people.ask(LUNCH)
        assert handover is not None
        assert handover.text == "soup"
        assert kept(url) == ["soup"]  # until its body is written
        assert list(handover.carried_by(b"body")) == [b"body"]
        assert kept(url) == []
        handover.close()
        assert kept(url) == []


async def test_on_a_loop_an_answer_is_gone_once_its_body_was_taken(url: str) -> None:
    async with on_a_loop(url) as (_, people):
        await people.answer(SOUP)
        handover = await people.ask(LUNCH)
        assert handover is not None
        assert handover.text == "soup"
        assert kept(url) == ["soup"]  # until its body is written
        assert [piece async for piece in handover.carried_by(b"body")] == [b"body"]
        assert kept(url) == []
        await handover.aclose()
        assert kept(url) == []


@pytest.mark.parametrize("taken", [0, 1])
def test_on_threads_an_answer_that_was_not_taken_to_its_end_goes_to_the_next(url: str, taken: int) -> None:
    with on_threads(url) as (_, people):
        people.answer(SOUP)
        for _ in range(3):
            handover = people.ask(LUNCH)
            assert handover is not None
            assert handover.text == "soup"
            body = handover.carried_by(b"body")
            assert [next(body) for _ in range(taken)] == [b"body"] * taken
            handover.close()
            assert kept(url) == ["soup"]


@pytest.mark.parametrize("taken", [0, 1])
async def test_on_a_loop_an_answer_that_was_not_taken_to_its_end_goes_to_the_next(url: str, taken: int) -> None:
    async with on_a_loop(url) as (_, people):
        await people.answer(SOUP)
        for _ in range(3):
            handover = await people.ask(LUNCH)
            assert handover is not None
            assert handover.text == "soup"
            body = handover.carried_by(b"body")
            assert [await anext(body) for _ in range(taken)] == [b"body"] * taken
            await handover.aclose()
            assert kept(url) == ["soup"]


def test_on_threads_who_waits_hears_of_an_answer_that_another_gives_back(url: str) -> None:
    with on_threads(url) as (_, first), on_threads(url) as (_, second), ThreadPoolExecutor() as pool:
        first.answer(SOUP)
        handover = first.ask(LUNCH)
        assert handover is not None
        waits = pool.submit(second.ask, LUNCH)
        assert second.looked.acquire(timeout=AT_ONCE)
        handover.close()
        given = waits.result(timeout=AT_ONCE)
        assert given is not None
        given.close()


async def test_on_a_loop_who_waits_hears_of_an_answer_that_another_gives_back(url: str) -> None:
    async with on_a_loop(url) as (_, first), on_a_loop(url) as (_, second):
        await first.answer(SOUP)
        handover = await first.ask(LUNCH)
        assert handover is not None
        waits = asyncio.create_task(second.ask(LUNCH))
        await second.looked.acquire()
        await handover.aclose()
        async with asyncio.timeout(AT_ONCE):
            given = await waits
        assert given is not None
        await given.aclose()


@at_best(Problem)  # the second may wait too long for the connection as well
def test_on_threads_a_turn_that_comes_to_nothing_is_passed_on(url: str) -> None:
    with on_threads(url, pool_timeout=1) as (database, people), ThreadPoolExecutor() as pool:
        forget_all(url)
        first = pool.submit(people.ask, LUNCH)
        assert people.looked.acquire(timeout=AT_ONCE)
        second = pool.submit(people.ask, LUNCH)
        assert people.looked.acquire(timeout=AT_ONCE)
        with database.connection() as connection:  # the only one
            connection.execute(GIVE, SOUP.model_dump())
            with pytest.raises(Problem, match="free within"):
                first.result(timeout=AT_ONCE)
        given = second.result(timeout=AT_ONCE)
        assert given is not None
        given.close()


@at_best(Problem)  # see above
async def test_on_a_loop_a_turn_that_comes_to_nothing_is_passed_on(url: str) -> None:
    async with on_a_loop(url, pool_timeout=1) as (database, people):
        forget_all(url)
        first = asyncio.create_task(people.ask(LUNCH))
        await people.looked.acquire()
        second = asyncio.create_task(people.ask(LUNCH))
        await people.looked.acquire()
        async with database.connection() as connection:  # the only one
            await connection.execute(GIVE, SOUP.model_dump())
            with pytest.raises(Problem, match="free within"):
                await first
        async with asyncio.timeout(AT_ONCE):
            given = await second
        assert given is not None
        await given.aclose()


def test_on_threads_answers_are_handed_out_in_their_order_and_once(url: str) -> None:
    with on_threads(url) as (_, people):
        for text in ("soup", "salad", "soup"):
            people.answer(Answer.model_construct(question="lunch", answer=text))
        heard = []
        while (handover := people.ask(Question.model_construct(question="lunch", timeout=0.0))) is not None:
            heard.append(handover.text)
            list(handover.carried_by(b"body"))
            handover.close()
        assert heard == ["soup", "salad", "soup"]


async def test_on_a_loop_answers_are_handed_out_in_their_order_and_once(url: str) -> None:
    async with on_a_loop(url) as (_, people):
        for text in ("soup", "salad", "soup"):
            await people.answer(Answer.model_construct(question="lunch", answer=text))
        heard = []
        while (handover := await people.ask(Question.model_construct(question="lunch", timeout=0.0))) is not None:
            heard.append(handover.text)
            assert [piece async for piece in handover.carried_by(b"body")] == [b"body"]
            await handover.aclose()
        assert heard == ["soup", "salad", "soup"]


def test_on_threads_an_answer_is_kept_where_the_database_breaks_off_under_it(url: str) -> None:
    with on_threads(url) as (_, people):
        people.answer(SOUP)
        handover = people.ask(LUNCH)
        assert handover is not None
        body = handover.carried_by(b"body")
        next(body)
        break_all(url)
        with pytest.raises(Problem, match=r"^The database is unreachable\.$"):
            next(body)
        handover.close()
        assert kept(url) == ["soup"]
        assert people.listens.acquire(timeout=AT_ONCE)  # it listens again


async def test_on_a_loop_an_answer_is_kept_where_the_database_breaks_off_under_it(url: str) -> None:
    async with on_a_loop(url) as (_, people):
        await people.answer(SOUP)
        handover = await people.ask(LUNCH)
        assert handover is not None
        body = handover.carried_by(b"body")
        await anext(body)
        break_all(url)
        with pytest.raises(Problem, match=r"^The database is unreachable\.$"):
            await anext(body)
        await handover.aclose()
        assert kept(url) == ["soup"]
        await people.listens.acquire()  # it listens again


NOW = Question.model_construct(question="lunch", timeout=0.0)


def test_on_threads_an_answer_that_nobody_asks_for_in_time_is_neither_given_nor_kept(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_app.people, "TIDY_EVERY", 60.0)
    with on_threads(url) as (_, people):
        people.answer(SOUP)
        assert people.tidied.acquire(timeout=AT_ONCE)
        monkeypatch.setattr(sync_app.people, "KEPT_FOR", 0.0)
        assert people.ask(NOW) is None
        assert kept(url) == ["soup"]
        break_all(url)  # the next listener tidies at once
        left(url, [])


async def test_on_a_loop_an_answer_that_nobody_asks_for_in_time_is_neither_given_nor_kept(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(async_app.people, "TIDY_EVERY", 60.0)
    async with on_a_loop(url) as (_, people):
        await people.answer(SOUP)
        await people.tidied.acquire()
        monkeypatch.setattr(async_app.people, "KEPT_FOR", 0.0)
        assert await people.ask(NOW) is None
        assert kept(url) == ["soup"]
        break_all(url)  # the next listener tidies at once
        await asyncio.to_thread(left, url, [])


def test_on_threads_the_oldest_of_too_many_answers_go_unless_one_is_being_taken(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_app.people, "MOST_KEPT", 2)
    monkeypatch.setattr(sync_app.people, "TIDY_EVERY", 0.1)
    with on_threads(url) as (_, people):
        people.answer(Answer.model_construct(question="lunch", answer="first"))
        handover = people.ask(LUNCH)
        assert handover is not None
        with psycopg.connect(url, autocommit=True) as connection:
            for text in ("second", "third", "fourth"):
                connection.execute(GIVE, {"question": "dinner", "answer": text})
        left(url, ["first", "third", "fourth"])
        handover.close()
        left(url, ["third", "fourth"])


async def test_on_a_loop_the_oldest_of_too_many_answers_go_unless_one_is_being_taken(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(async_app.people, "MOST_KEPT", 2)
    monkeypatch.setattr(async_app.people, "TIDY_EVERY", 0.1)
    async with on_a_loop(url) as (_, people):
        await people.answer(Answer.model_construct(question="lunch", answer="first"))
        handover = await people.ask(LUNCH)
        assert handover is not None
        with psycopg.connect(url, autocommit=True) as connection:
            for text in ("second", "third", "fourth"):
                connection.execute(GIVE, {"question": "dinner", "answer": text})
        await asyncio.to_thread(left, url, ["first", "third", "fourth"])
        await handover.aclose()
        await asyncio.to_thread(left, url, ["third", "fourth"])


def test_an_answer_that_an_earlier_version_kept_is_given(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE answers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
            "question text NOT NULL, answer text NOT NULL)"
        )
        connection.execute("INSERT INTO answers (question, answer) VALUES ('lunch', 'soup')")
    with on_threads(url) as (_, people):
        handover = people.ask(NOW)
        assert handover is not None
        assert handover.text == "soup"
        handover.close()
