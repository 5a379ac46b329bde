"""The icon of a service: a letter on a square, so that the tabs of a browser can be told apart."""

from .parameters import Nothing
from .replies import SVG, Reply
from .services import described

ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="6" fill="{colour}"/>
<text x="16" y="24" style="font: bold 23px sans-serif" fill="#fff" text-anchor="middle">{letter}</text>
</svg>
"""

KEPT = {"Cache-Control": "max-age=86400"}
"""The header that lets a browser keep the icon for a day."""


def favicon(_asked: Nothing, service: str) -> Reply:
    """Return the icon of a service as SVG."""
    known = described(service)
    return Reply(ICON.format(colour=known.colour, letter=known.letter).encode(), content_type=SVG, headers=KEPT)
