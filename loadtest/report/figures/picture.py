"""The building blocks of a report: pictures with a conclusion as title, charts and a data table."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import altair as alt

from loadtest.workload import Load

STEP = "step"
"""The name of the chart parameter that selects the load to draw, by its amount."""


WIDTHS = {1: 720, 2: 540, 3: 340}
"""Width in pixels of a chart without scripts, by the number of charts side by side."""


@dataclass(frozen=True)
class Figure:
    """One chart of a picture."""

    chart: alt.LayerChart
    description: str
    """A text alternative for readers who cannot see the chart."""
    heading: str = ""
    """The heading above the chart, if a picture has several."""
    width: int = 720
    """Width in pixels without scripts; the default is the width of a single chart."""


@dataclass(frozen=True)
class Table:
    """A table of a report: column headings and formatted cells."""

    head: list[str]
    rows: list[list[str]]
    caption: str = ""
    """An explanation of the table."""


NO_TABLE = Table([], [])


@dataclass(frozen=True)
class Choice:
    """One load that a picture can be drawn for, and its title at that load."""

    load: Load
    title: str


@dataclass(frozen=True)
class Picture:
    """One picture of the report."""

    name: str
    title: str
    """The conclusion that the picture shows."""
    caption: str
    """An explanation of the picture."""
    figures: list[Figure]
    table: Table = NO_TABLE
    """The data table, unless the page has one table of all results."""
    choices: list[Choice] = field(default_factory=list)
    """The loads that the reader can choose; `title` is that of the load in `shown`."""
    shown: Load | None = None
    """The load that is drawn first, if there are choices."""
    key: Mapping[str, str] = field(default_factory=dict)
    """The names of the marks that the key shows, by their names in report.html."""
    abreast: int = 2
    """The number of figures side by side on a wide screen."""
    opened: bool = False
    """True if the data table is shown at once."""


def by_step(values: Mapping[float, Any]) -> str:
    """Return an expression for the value of the chosen step, from the values by amount."""
    return f"{{{', '.join(f'{amount}: {json.dumps(value)}' for amount, value in values.items())}}}[{STEP}]"


def data(rows: list[dict[str, Any]]) -> alt.InlineData:
    """Return rows as the data of a single layer."""
    return alt.InlineData(values=clean(rows))


def clean(rows: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Return rows with unprintable characters replaced: Vega's renderer fails on control characters.

    The result is a tuple, because Altair copies a list in depth at every change of a chart.
    """
    return tuple({name: _printable(value) for name, value in row.items()} for row in rows)


class Datasets(dict[str, tuple[dict[str, Any], ...]]):
    """Named rows that several layers of a chart share, so that the page holds them once."""

    def add(self, rows: list[dict[str, Any]]) -> alt.NamedData:
        """Add rows, and return them as the data of a layer."""
        name = f"rows-{len(self)}"
        self[name] = clean(rows)
        return alt.NamedData(name)

    def chart(self, layers: list[Any]) -> alt.LayerChart:
        """Return a chart of layers that use these rows."""
        return alt.LayerChart(layer=layers, datasets=dict(self))


def _printable(value: Any) -> Any:
    if isinstance(value, list):
        return [_printable(each) for each in value]
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in value)
