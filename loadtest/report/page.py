"""The HTML file of a report: it fetches nothing when opened, and is complete without scripts."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from loadtest.report.figures.picture import NO_TABLE, Figure, Picture, Table
from loadtest.report.figures.theme import finished

from .paired import Group
from .panels import Panel
from .sources import Handler, style

SVG = "http://www.w3.org/2000/svg"
"""The SVG namespace, a name only: nothing is fetched from it."""

LIGHT, DARK = "default", "github-dark"
"""The pygments themes for light and dark screens."""


CLOSED = (
    "The load is closed: each user waits for an answer before the next request, so a slow service receives fewer "
    "requests. Requests that arrive at a fixed rate would queue longer (coordinated omission)."
)
"""The limits of users who wait for their answers."""

OPEN = (
    "The load is open: requests arrive by a schedule, however busy the service is. Real clients who are refused or "
    "kept waiting may send again at once, or not at all; these only give up. Nobody honours Retry-After."
)
"""The limits of arrivals by a schedule."""


@dataclass(frozen=True)
class Source:
    """The functions of both twins that wait in one scenario."""

    scenario: str
    about: str
    handlers: list[Handler]


@dataclass(frozen=True)
class Advice:
    """Commands whose runs would tell what these could not, and why these could not."""

    why: str
    commands: Sequence[str]


@dataclass(frozen=True)
class Page:
    """The contents of the file, from top to bottom."""

    title: str
    """The run in a few words. It is the largest sentence, unless there is a headline."""
    about: str
    """The scenario, machine and time of the run, in one line."""
    warnings: list[str]
    """Warnings to read before anything else."""
    verdict: Sequence[str]
    """The sentences under the headline, which name a service first where they are about one."""
    pictures: list[Picture]
    sources: list[Source]
    facts: list[tuple[str, str]]
    """Facts about the machine and its software, as (name, fact)."""
    commands: list[tuple[str, str]]
    """The commands of the run, as (purpose, command)."""
    doubts: list[str]
    """One sentence per inconclusive step, with the reasons."""
    load: str = CLOSED
    """The limits of the kind of load."""
    table: Table = NO_TABLE
    """One table of all results, if the pictures have no tables of their own."""
    headline: str = ""
    """The finding of the run, in one sentence without a full stop."""
    panels: Sequence[Panel] = ()
    """The bars of the first screen."""
    paired: Sequence[Group] = ()
    """Paired bars: the first group on the first screen, in place of the panels, the others above the pictures.

    With `picture_first` all of them are below the verdict.
    """
    picture_first: bool = False
    """True if the first picture is on the first screen: the headline is its title."""
    advice: Advice | None = None
    """Commands to run for an answer; None if there is one."""
    notes: Sequence[str] = ()
    """Further sentences, below the verdict."""
    requirements: Sequence[str] = ()
    """One sentence per answer to a requirement, the worst first."""


def html(page: Page, library: Callable[[], str]) -> str:
    """Return the HTML of `page`; `library` returns the packed Vega code that draws its charts."""
    environment = Environment(
        loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}  # spaces would make a chart a seventh larger
    return environment.get_template("report.html").render(
        page=page,
        style=Markup(_style()),  # noqa: S704 - a file of this package
        script=Markup(_text("report.js")),  # noqa: S704 - a file of this package
        library=library,
        static=static,
        finished=finished,
        named=named,
        kinds=lambda panels: list(dict.fromkeys(bar.kind for panel in panels for bar in panel.bars)),
        unsure=lambda panels: any(not bar.holds for panel in panels for bar in panel.bars if bar.length is not None),
    )


def static(figure: Figure, specification: dict[str, Any], name: str, conclusion: str) -> Markup:
    """Return the SVG of a figure for the first view of the page; `name` is its unique id in the page."""
    drawn = vl_convert.vegalite_to_svg({**specification, "width": figure.width})
    named = re.sub(r'(id="|url\(#)(clip|gradient)', rf"\g<1>{name}-\g<2>", drawn)
    size = re.search(r'viewBox="[^"]+"', named)
    box = Markup(size[0] if size else "")  # noqa: S704 - four numbers
    head = Markup('<svg xmlns="{0}" role="img" aria-labelledby="{1}-title {1}-desc" {2}>').format(SVG, name, box)
    told = Markup('<title id="{0}-title">{1}</title><desc id="{0}-desc">{2} {3}.</desc>').format(
        name, figure.heading or conclusion, figure.description, conclusion
    )
    return head + told + Markup(named[named.index(">") + 1 :])  # noqa: S704 - Vega escapes all text


def named(sentence: str, panels: Sequence[Panel]) -> Markup:
    """Return a sentence with the name of the service that it begins with emphasized, if it begins with one."""
    names = {bar.service for panel in panels for bar in panel.bars if sentence.startswith(f"{bar.service} ")}
    name = max(names, key=len, default="")
    return Markup("<strong>{0}</strong>{1}").format(name, sentence[len(name) :]) if name else Markup.escape(sentence)


def _style() -> str:
    dark = f"@media screen and (prefers-color-scheme: dark) {{\n{style(DARK)}\n}}"
    return f"{style(LIGHT)}\n{dark}\n{_text('report.css')}"


def _text(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
