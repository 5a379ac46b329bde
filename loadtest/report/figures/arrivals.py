"""Words and rows that the pictures of open loads have in common."""

from loadtest.english import listed, plural_of
from loadtest.verdict.aggregate import Row
from loadtest.verdict.backlog import diverges, lost
from loadtest.workload import Load


def steady(table: list[Row]) -> list[Row]:
    """Return the rows that do not diverge: the figures of the others depend on how long their steps last."""
    return [row for row in table if not diverges(row)]


def left_out(table: list[Row]) -> str:
    """Return the sentence of a caption that diverging rows are left out, or "" without any."""
    if not any(map(diverges, table)):
        return ""
    return " Steps that diverge are left out: their figures depend on how long they last."


def diverging(table: list[Row], load: Load) -> list[str]:
    """Return which services diverge at a load as a part of a title, from conclusive rows only, or nothing."""
    names = [row.service for row in table if row.load == load and row.holds and diverges(row)]
    return [diverge(names)] if names else []


def diverge(names: list[str]) -> str:
    """Return that these services diverge."""
    return f"{listed(names)} {plural_of(len(names), 'diverges', 'diverge')}"


def unserved(row: Row) -> str:
    """Return the share of a row's arrivals that were not served, with its service."""
    return f"{not_served(row)} on {row.service}"


def not_served(row: Row) -> str:
    """Return the share of a row's arrivals that were not served."""
    return f"{lost(row):.0%} not served"
