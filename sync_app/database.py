"""Waiting for a database."""

from contract.bodies import Made
from contract.parameters import Calls
from contract.statements import SLEEP

from .plumbing.database import Database
from .several import several


def query(asked: Calls, database: Database) -> Made[int]:
    """Run n queries that each sleep `delay` seconds in the database, and return their numbers, 0 to n - 1."""

    def row(number: int) -> int:
        with database.connection(asked.delay) as connection:
            cursor = connection.execute(SLEEP, {"number": number, "delay": asked.delay})  # holds a thread
            found: int = cursor.fetchone()[0]  # type: ignore[index] # a SELECT without FROM returns a row
            return found

    return several(asked, row)
