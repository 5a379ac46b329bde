"""Waiting for a database."""

from contract.parameters import Calls
from contract.statements import SLEEP

from .plumbing.database import Database
from .several import several


async def query(asked: Calls, database: Database) -> list[int]:
    """Query the database n times; the row that each query returns, which is its number."""

    async def row(number: int) -> int:
        async with database.connection() as connection:
            cursor = await connection.execute(SLEEP, {"number": number, "delay": asked.delay})  # holds a coroutine
            found: int = (await cursor.fetchone())[0]  # type: ignore[index] # a SELECT without FROM has a row
            return found

    return await several(asked, row)
