"""The check of a service that shares a few connections to a database."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import psycopg
from psycopg.conninfo import make_conninfo

from loadtest.exercises.trial import Observation, Trial

USERS = 20

CONNECTIONS = 5
"""Connections to the database that the service may have."""


def named(url: str) -> str:
    """Return a database's connection string with a name by which the server knows the connections made with it."""
    return make_conninfo(url, application_name=f"exercise-{uuid4().hex}")


async def database(trial: Trial) -> AsyncIterator[Observation]:
    """Check that requests wait for the upstream without holding a connection to the database."""
    sent = [trial.send("/order") for _ in range(USERS)]
    yield (observed := await trial.overlap(USERS, sent))
    held = await asyncio.to_thread(connections, trial.database)
    sentence = f"Meanwhile the service had {held} {'connection' if held == 1 else 'connections'} to the database"
    if held > CONNECTIONS:
        yield Observation(f"{sentence}: {CONNECTIONS} are allowed.", False)
        return
    yield Observation(f"{sentence}, of {CONNECTIONS} that are allowed.", True)
    if observed.passed:
        trial.upstream.release()
        yield await trial.answered(sent, "PostgreSQL slow")


def connections(database: str) -> int:
    """Count the connections that were made with this connection string. This function's own has another name."""
    name = psycopg.conninfo.conninfo_to_dict(database)["application_name"]
    with psycopg.connect(make_conninfo(database, application_name="check")) as connection:
        counted = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", (name,))
        row = counted.fetchone()
        assert row is not None
        count: int = row[0]
        return count
