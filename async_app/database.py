"""Waiting for a database."""

from contract.bodies import Made
from contract.parameters import Calls
from contract.statements import SLEEP

from .plumbing.database import Database
from .several import several


async def query(asked: Calls, database: Database) -> Made[int]:
    """Run n queries that each sleep `delay` seconds in the database, and return their numbers, 0 to n - 1."""

    async def row(number: int) -> int:
        async with database.connection(asked.delay) as connection:
            cursor = await connection.execute(SLEEP, {"number": number, "delay": asked.delay})  # holds a coroutine
            found: int = (await cursor.fetchone())[0]  # type: ignore[index] # a SELECT without FROM returns a row
            return found

    return await several(asked, row)
