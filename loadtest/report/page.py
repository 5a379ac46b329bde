"""One HTML file out of what it shows: nothing is fetched when it is opened, and without scripts it is as complete."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from loadtest.report.figures.picture import NO_TABLE, Figure, Picture, Table
from loadtest.report.figures.theme import finished

from .sources import Handler, style

SVG = "http://www.w3.org/2000/svg"
"""The name of a vocabulary; nothing is fetched from it."""

LIGHT, DARK = "default", "github-dark"
"""Of pygments."""


@dataclass(frozen=True)
class Source:
    """The functions that wait for one kind of request."""

    scenario: str
    about: str
    handlers: list[Handler]


@dataclass(frozen=True)
class Page:
    """What the file tells, from the top to the bottom."""

    title: str
    about: str
    """What was run, where and when, in one line."""
    warnings: list[str]
    """What a reader must know before anything else."""
    verdict: list[str]
    pictures: list[Picture]
    sources: list[Source]
    facts: list[tuple[str, str]]
    """What it was measured on, by name."""
    commands: list[tuple[str, str]]
    """What was run, by what it did."""
    doubts: list[str]
    """Each step that is inconclusive, with its reasons."""
    table: Table = NO_TABLE
    """Everything at once, where the pictures have no tables of their own."""


def html(page: Page, library: Callable[[], str]) -> str:
    """The file, with what `library` returns to draw it."""
    environment = Environment(
        loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}  # a spaced chart is a seventh larger
    return environment.get_template("report.html").render(
        page=page,
        style=Markup(_style()),  # noqa: S704 - our own file
        script=Markup(_text("report.js")),  # noqa: S704 - as well
        library=library,
        static=static,
        finished=finished,
    )


def static(figure: Figure, specification: dict[str, Any], name: str, conclusion: str) -> Markup:
    """A figure as it stands in the page from the start; `name` is its own in the page."""
    drawn = vl_convert.vegalite_to_svg({**specification, "width": figure.width})
    named = re.sub(r'(id="|url\(#)(clip|gradient)', rf"\g<1>{name}-\g<2>", drawn)
    size = re.search(r'viewBox="[^"]+"', named)
    box = Markup(size[0] if size else "")  # noqa: S704 - four numbers
    head = Markup('<svg xmlns="{0}" role="img" aria-labelledby="{1}-title {1}-desc" {2}>').format(SVG, name, box)
    told = Markup('<title id="{0}-title">{1}</title><desc id="{0}-desc">{2} {3}.</desc>').format(
        name, figure.heading or conclusion, figure.description, conclusion
    )
    return head + told + Markup(named[named.index(">") + 1 :])  # noqa: S704 - Vega escapes what it is given


def _style() -> str:
    dark = f"@media screen and (prefers-color-scheme: dark) {{\n{style(DARK)}\n}}"
    return f"{style(LIGHT)}\n{dark}\n{_text('report.css')}"


def _text(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
