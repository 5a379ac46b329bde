"""The first cells of the rows of a comparison: services, grouped by their kind, and the units of loads."""

from collections import Counter
from collections.abc import Iterator
from itertools import chain, groupby, repeat

from loadtest.results.schema import Contender
from loadtest.verdict import format as cells
from loadtest.verdict.aggregate import Row

LONG = 24
"""The longest name, in characters, that stays on one line of a table that folds names."""


LINES = 3
"""The lines of a label that names the kind of its service."""


def labelled(table: list[Row], contenders: list[Contender], *, fold: bool = False) -> Iterator[tuple[str, Row | None]]:
    """Yield each row with its label: the service's name, below it processes x threads = slots, then empty strings.

    If there are several kinds of services, each has its kind below its slots or, where services have too few rows for
    that, the name of each kind, with None as its row, comes before its services. `fold`: put the settings in a long
    name on lines of their own.
    """
    known = {each.name: each for each in contenders}
    several = len({known[row.service].kind for row in table}) > 1
    roomy = min(Counter(row.service for row in table).values(), default=0) >= LINES
    for kind, of_kind in groupby(table, key=lambda row: known[row.service].kind):
        if several and not roomy:
            yield kind, None
        for service, group in groupby(of_kind, key=lambda row: row.service):
            rows, slots = list(group), cells.slots(known[service])
            name = service.replace(":", ":\n") if fold and len(service) > LONG else service
            labels = [name, slots] if len(rows) > 1 else [f"{name}\n{slots}".rstrip()]
            if several and roomy:
                labels.append(kind)
            yield from zip(chain(labels, repeat("")), rows, strict=False)


def units(table: list[Row]) -> str:
    """Return the unit of the loads."""
    return ", ".join(dict.fromkeys(row.load.unit for row in table))
