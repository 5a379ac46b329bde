"""A real PostgreSQL behind a network that falls silent: nothing is refused or closed, but no answer comes."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import psycopg
import psycopg.waiting
import pytest

import async_app.people
import async_app.plumbing.database
import sync_app.people
import sync_app.plumbing.database
from async_app.plumbing.database import CONNECT_WITHIN
from backing.postgres import Database as Server
from contract.problems import Problem
from contract.settings import Settings
from contract.statements import SLEEP
from tests.backing.support.databases import own_database
from tests.backing.support.networks import Network, network
from tests.support.stalls import TooLate, at_best, within
from tests.twins.test_people import AT_ONCE, LUNCH, SOUP, on_a_loop, on_threads

WITHIN = 0.3
"""Seconds after which a twin gives up. On a machine that stalls it also gives up a database that is not silent: then a
test is run again."""

DELAY = 0.4
SOON = LUNCH.model_copy(update={"timeout": 0.1})
UNREACHABLE = r"^The database is unreachable\.$"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with own_database() as server:
        yield server


@pytest.fixture(autouse=True)
def _given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for database in (sync_app.plumbing.database, async_app.plumbing.database):
        monkeypatch.setattr(database, "ANSWER_WITHIN", WITHIN)
    for people in (sync_app.people, async_app.people):
        monkeypatch.setattr(people, "TIDY_EVERY", WITHIN)


@contextmanager
def to_empty(server: Server) -> Iterator[Network]:
    """Open a network to the database until the context exits, and then empty the database for the next attempt."""
    try:
        with network(server) as between:
            yield between
    finally:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("DROP TABLE IF EXISTS answers")


def one_connection(between: Network) -> Settings:
    return Settings(database_url=between.url, pool_size=1)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """Return a list that fills with the interval and the timeout of every wait of psycopg, for either twin."""
    found = []
    for name in ("wait", "wait_async"):
        waits = getattr(psycopg.waiting, name)

        def noted(*given: object, interval: float, timeout: float, waits: Callable[..., object] = waits) -> object:
            found.append((interval, timeout))
            return waits(*given, interval=interval, timeout=timeout)

        monkeypatch.setattr(psycopg.waiting, name, noted)
    return found


def test_on_threads_a_listener_is_not_woken_between_two_notifications(
    server: Server, pauses: list[tuple[float, float]]
) -> None:
    with sync_app.plumbing.database.Limited.connect(server.url, autocommit=True) as connection:
        assert list(connection.notifies(timeout=0.2)) == []
    assert [interval == timeout for interval, timeout in pauses if timeout < WITHIN] == [True]


async def test_on_a_loop_a_listener_is_not_woken_between_two_notifications(
    server: Server, pauses: list[tuple[float, float]]
) -> None:
    async with await async_app.plumbing.database.Limited.connect(server.url, autocommit=True) as connection:
        assert [notice async for notice in connection.notifies(timeout=0.2)] == []
    assert [interval == timeout for interval, timeout in pauses if timeout < WITHIN] == [True]


@at_best(Problem)
def test_on_threads_a_statement_that_is_not_answered_is_given_up(server: Server) -> None:
    with to_empty(server) as between:
        with sync_app.plumbing.database.open_database(one_connection(between)) as database:

            def sleep() -> None:
                with database.connection(DELAY) as connection:
                    connection.execute(SLEEP, {"number": 0, "delay": DELAY})

            sleep()
            between.silence()
            began = time.perf_counter()
            with pytest.raises(Problem, match=UNREACHABLE):
                sleep()
            took = time.perf_counter() - began
            assert took >= DELAY + WITHIN
            within(DELAY + WITHIN + 2, took)
            between.speak()
            sleep()  # on another connection
        assert time.perf_counter() - began < AT_ONCE


@at_best(Problem)
async def test_on_a_loop_a_statement_that_is_not_answered_is_given_up(server: Server) -> None:
    with to_empty(server) as between:
        async with async_app.plumbing.database.open_database(one_connection(between)) as database:

            async def sleep() -> None:
                async with database.connection(DELAY) as connection:
                    await connection.execute(SLEEP, {"number": 0, "delay": DELAY})

            await sleep()
            between.silence()
            began = time.perf_counter()
            with pytest.raises(Problem, match=UNREACHABLE):
                await sleep()
            took = time.perf_counter() - began
            assert took >= DELAY + WITHIN
            within(DELAY + WITHIN + 2, took)
            between.speak()
            await sleep()  # on another connection
        assert time.perf_counter() - began < AT_ONCE


@at_best(Problem, TimeoutError)
async def test_on_a_loop_a_client_that_leaves_meanwhile_does_not_hold_the_connection_for_long(server: Server) -> None:
    with to_empty(server) as between:
        async with async_app.plumbing.database.open_database(one_connection(between)) as database:
            sleeps = asyncio.Event()

            async def sleep() -> None:
                async with database.connection(20.0) as connection:
                    between.silence()
                    sleeps.set()
                    await connection.execute(SLEEP, {"number": 0, "delay": 20.0})

            client = asyncio.create_task(sleep())
            async with asyncio.timeout(AT_ONCE):
                await sleeps.wait()
            await asyncio.sleep(0)  # the statement is sent
            began = time.perf_counter()
            client.cancel()
            with pytest.raises(asyncio.CancelledError):
                await client
            within(CONNECT_WITHIN + 2, time.perf_counter() - began)
            between.speak()
            await reached(database)


async def reached(database: async_app.plumbing.database.Database) -> None:
    """Use a connection as soon as the pool has made a new one: each attempt waits for it, and may be too early."""
    for _ in range(5):
        with suppress(Problem):
            async with database.connection():
                return
    pytest.fail("the database is not reached again")


@at_best(Problem, AssertionError)
def test_on_threads_questions_and_answers_are_refused_while_it_is_silent_and_heard_again_afterwards(
    server: Server,
) -> None:
    with to_empty(server) as between, on_threads(between.url) as (_, people), ThreadPoolExecutor() as pool:
        waits = pool.submit(people.ask, LUNCH)
        assert people.looked.acquire(timeout=AT_ONCE)
        between.silence()
        for refused in (lambda: people.answer(SOUP), lambda: people.ask(LUNCH)):
            with pytest.raises(Problem, match=UNREACHABLE):
                pool.submit(refused).result(timeout=AT_ONCE)
        between.speak()
        assert people.listens.acquire(timeout=AT_ONCE)  # on another connection
        people.answer(SOUP)
        given = waits.result(timeout=AT_ONCE)
        assert given is not None
        given.close()


@at_best(Problem, TimeoutError)
async def test_on_a_loop_questions_and_answers_are_refused_while_it_is_silent_and_heard_again_afterwards(
    server: Server,
) -> None:
    with to_empty(server) as between:
        async with on_a_loop(between.url) as (_, people):
            waits = asyncio.create_task(people.ask(LUNCH))
            async with asyncio.timeout(AT_ONCE):
                await people.looked.acquire()
            between.silence()
            refused: list[Callable[[], Awaitable[object]]] = [lambda: people.answer(SOUP), lambda: people.ask(LUNCH)]
            for each in refused:
                async with asyncio.timeout(AT_ONCE):
                    with pytest.raises(Problem, match=UNREACHABLE):
                        await each()
            between.speak()
            await people.listens.acquire()  # on another connection
            await people.answer(SOUP)
            async with asyncio.timeout(AT_ONCE):
                given = await waits
            assert given is not None
            await given.aclose()


@at_best(Problem)
def test_on_threads_an_answer_that_was_being_taken_when_it_fell_silent_is_free_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_app.plumbing.database, "GONE_AFTER", 1.0)
    with (
        to_empty(server) as between,
        on_threads(between.url) as (_, people),
        on_threads(server.url) as (_, others),
    ):
        people.answer(SOUP)
        handover = people.ask(LUNCH)
        assert handover is not None
        between.silence()
        handover.close()
        if (given := others.ask(SOON)) is not None:
            given.close()
            raise TooLate("it was free before anybody else asked for it")
        began = time.perf_counter()
        while (given := others.ask(SOON)) is None:
            assert time.perf_counter() - began < AT_ONCE
        given.close()


@at_best(Problem)
async def test_on_a_loop_an_answer_that_was_being_taken_when_it_fell_silent_is_free_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(async_app.plumbing.database, "GONE_AFTER", 1.0)
    with to_empty(server) as between:
        async with on_a_loop(between.url) as (_, people), on_a_loop(server.url) as (_, others):
            await people.answer(SOUP)
            handover = await people.ask(LUNCH)
            assert handover is not None
            between.silence()
            await handover.aclose()
            if (given := await others.ask(SOON)) is not None:
                await given.aclose()
                raise TooLate("it was free before anybody else asked for it")
            began = time.perf_counter()
            while (given := await others.ask(SOON)) is None:
                assert time.perf_counter() - began < AT_ONCE
            await given.aclose()
