"""A parser for HTML pages, and the elements and attributes that pages may contain."""

from html.parser import HTMLParser
from typing import Any

import altair as alt

MOST = 1_500_000
"""The maximum size of a report, in bytes."""

EMPTY = {"meta", "link", "img", "br", "hr", "input", "source", "base"}
SHAPES = {"path", "rect", "circle", "line", "pattern", "text", "tspan", "g", "svg", "clippath", "defs", "title", "desc"}
PARTS = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "section", "figure", "figcaption", "details"),
    *("summary", "table", "thead", "tbody", "tr", "th", "td", "p", "h1", "h2", "h3", "ul", "li", "div", "span", "pre"),
    *("code", "dl", "dt", "dd", "a", "label", "select", "option", "script", "strong", "em", "noscript", "caption"),
}
ATTRIBUTES = {"src", "href", "xlink:href", "srcset", "action", "data", "poster", "formaction", "background", "ping"}
"""Attributes that make a browser load or open a URL."""


class Reader(HTMLParser):
    """A parsed page: its elements with their attributes, its texts and its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag not in EMPTY:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)
        else:
            self.texts.append(data)


def records(chart: alt.LayerChart) -> list[dict[str, Any]]:
    """Return all data rows of a chart."""
    found: list[dict[str, Any]] = [row for data in chart.to_dict().get("datasets", {}).values() for row in data]
    return found


def strings(value: Any) -> set[str]:
    """Return every string value in parsed JSON."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        return {each for part in value.values() for each in strings(part)}
    return {each for part in value for each in strings(part)} if isinstance(value, list) else set()
