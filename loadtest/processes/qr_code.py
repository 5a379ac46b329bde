"""QR codes of addresses, for a terminal and for a page."""

from itertools import zip_longest

import segno
from rich.text import Text

MARGIN = 2
"""Empty modules around a code in a terminal: enough for telephones, and half of what the standard asks for."""

PIXELS = 8
"""Units of a module in SVG; the page sets the size of the code."""

HALVES = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}
"""Characters of two modules, the upper and the lower one; 1 is dark."""


def in_terminal(url: str) -> Text:
    """Return the code of a URL as text, two modules to a character, black on white whatever the terminal's colours."""
    code = segno.make(url, micro=False, error="l")
    rows = [[*row] for row in code.matrix_iter(border=MARGIN)]
    pairs = zip_longest(rows[::2], rows[1::2], fillvalue=[0] * len(rows[0]))
    lines = ("".join(HALVES[bool(top), bool(bottom)] for top, bottom in zip(*pair, strict=True)) for pair in pairs)
    return Text("\n").join(Text(line, "#000000 on #ffffff") for line in lines)


def as_svg(url: str) -> str:
    """Return the code of a URL as an SVG element of class `qr`, black on white with the standard's margin."""
    return segno.make(url, micro=False, error="m").svg_inline(
        scale=PIXELS, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None
    )
