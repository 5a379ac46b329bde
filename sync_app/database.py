"""Waiting for a database."""

from contract.parameters import Calls
from contract.statements import SLEEP

from .plumbing.database import Database
from .several import several


def query(asked: Calls, database: Database) -> list[int]:
    """Query the database n times; the row that each query returns, which is its number."""

    def row(number: int) -> int:
        with database.connection() as connection:
            cursor = connection.execute(SLEEP, {"number": number, "delay": asked.delay})  # holds a thread
            found: int = cursor.fetchone()[0]  # type: ignore[index] # a SELECT without FROM has a row
            return found

    return several(asked, row)
