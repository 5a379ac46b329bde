"""What the report is made of: pictures, each with its conclusion for a title and its figures in a table."""

from dataclasses import dataclass, field
from typing import Any

import altair as alt

from loadtest.workload import Load

STEP = "step"
"""The parameter of a chart that says for which load it is drawn, by its amount."""


@dataclass(frozen=True)
class Figure:
    """One chart of a picture."""

    chart: alt.LayerChart
    description: str
    """What is to be seen, for those who do not see it."""
    heading: str = ""
    """Above it, where a picture has several."""
    width: int = 720
    """Pixels, where no script fits it to its page: as many as one that has the page for itself takes."""


@dataclass(frozen=True)
class Table:
    """The figures behind a picture, as they are shown."""

    head: list[str]
    rows: list[list[str]]
    caption: str = ""
    """How to read it, where no picture says so."""


NO_TABLE = Table([], [])


@dataclass(frozen=True)
class Choice:
    """One load that a picture can be drawn for, and the conclusion there."""

    load: Load
    title: str


@dataclass(frozen=True)
class Picture:
    """One picture of the report."""

    name: str
    title: str
    """Its conclusion."""
    caption: str
    """How to read it."""
    figures: list[Figure]
    table: Table = NO_TABLE
    """Its figures as they are, unless the page has a table of everything."""
    choices: list[Choice] = field(default_factory=list)
    """Where the reader can choose; `title` is then that of the first shown."""
    shown: Load | None = None
    """The load that it is drawn for before anybody chooses, where there are choices."""
    parts: tuple[str, ...] = ()
    """The parts of a request's time that it fills with patterns."""
    abreast: int = 2
    """Figures that stand beside each other where there is room."""


def data(rows: list[dict[str, Any]]) -> alt.InlineData:
    """Rows as the data of a layer that alone is drawn from them."""
    return alt.InlineData(values=clean(rows))


def clean(rows: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Rows without what cannot be printed: Vega's renderer does not survive a control character.

    A tuple, because Altair copies a list and all that is in it whenever something is added to a chart.
    """
    return tuple({name: _printable(value) for name, value in row.items()} for row in rows)


class Datasets(dict[str, tuple[dict[str, Any], ...]]):
    """Rows that several layers of a chart are drawn from: named, they are written down once."""

    def add(self, rows: list[dict[str, Any]]) -> alt.NamedData:
        """These rows as a layer's data."""
        name = f"rows-{len(self)}"
        self[name] = clean(rows)
        return alt.NamedData(name)

    def chart(self, layers: list[Any]) -> alt.LayerChart:
        """A chart of layers that are drawn from them."""
        return alt.LayerChart(layer=layers, datasets=dict(self))


def _printable(value: Any) -> Any:
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in value)
