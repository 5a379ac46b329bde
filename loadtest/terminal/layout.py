"""Tables that stay readable in every console: a table that is too wide becomes a list, and no character is refused."""

import codecs
import io
from collections.abc import Iterator, Sequence
from typing import IO

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table

WIDE = 100
"""The minimum width, in columns, of further columns and tables, and of more room between columns."""

LEGIBLE = "legible"
"""The name of the error handler for characters that an encoding lacks."""

SIMILAR = {"±": "~", "µ": "u"}
"""A character of ASCII for each other one in the figures and their legends. It is one, so that columns stay aligned."""


def _similar(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(SIMILAR.get(each, "?") for each in error.object[error.start : error.end]), error.end


codecs.register_error(LEGIBLE, _similar)


def legible(stream: IO[str]) -> None:
    """Make a stream write a similar character, or a question mark, for each that its encoding lacks."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=LEGIBLE)


def framed(title: str, left: list[str], right: list[str], *last: str) -> Table:
    """Return a table without rows: `left` columns of names, `right` columns of figures, `last` columns of text."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for name in left:
        table.add_column(name, no_wrap=True)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    for name in last:
        table.add_column(name, min_width=12)
    return table


def say(out: Console, headline: str, sentences: Sequence[str]) -> None:
    """Print a verdict and an empty line: the headline, and below it the sentences."""
    out.print(f"{headline}.", style="bold", markup=False)
    for sentence in sentences:
        out.print(Padding(sentence, (0, 0, 0, 2)), markup=False)
    out.print()


def put(out: Console, table: Table) -> None:
    """Print a table and an empty line. If the console is too narrow for its figures, print a list instead."""
    for column in table.columns:
        if column.no_wrap:  # rich takes the longest word for the least width, and would cut the line
            column.min_width = max(cell_len(line) for text in (column.header, *column.cells) for line in _lines(text))
    if _fits(out, table) or _fits_closer(out, table):
        out.print(table, "")
        return
    out.print(table.title, style="bold", markup=False)
    for name, figures in _listed(table):
        if name:
            out.print(name, style="" if figures else "bold", markup=False)
        if figures:
            out.print(Padding(figures, (0, 0, 0, 2)), markup=False)
    out.print()


def _fits(out: Console, table: Table) -> bool:
    unlimited = out.options.update(max_width=10_000)
    return out.measure(table, options=unlimited).minimum <= out.width


def _fits_closer(out: Console, table: Table) -> bool:
    """Move the columns closer together, and return True if the table fits then."""
    table.padding = (0, 1, 0, 0)
    return _fits(out, table)


def _lines(cell: RenderableType) -> list[str]:
    return str(cell).split("\n")


def _listed(table: Table) -> Iterator[tuple[str, str]]:
    """Yield the first cell of each row, and its other cells with their headings."""
    heads = [str(column.header).replace("\n", " ") for column in table.columns]
    for cells in zip(*(column.cells for column in table.columns), strict=True):
        name, *others = (str(cell).replace(":\n", ":").replace("\n", " / ") for cell in cells)
        yield name, ", ".join(f"{head} {cell}" for head, cell in zip(heads[1:], others, strict=True) if cell)
