"""The HTML file of the slides: Markdown with figures filled in, made by pandoc into reveal.js slides."""

import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from jinja2 import Environment, StrictUndefined, TemplateError

from loadtest.results import atomic

from .listing import code
from .runs import FOLDER, REFUSING, UNLIMITED, read
from .shown import HALF, Shown

SOURCE, TEMPLATE, SLIDES = FOLDER / "slides.md", FOLDER / "template.html", FOLDER / "slides.html"

OVERLOADED = {UNLIMITED: "64, others queue", REFUSING: "64, others refused"}
"""Short names, for a chart, of the services in overload: the requests that they serve at once."""


def build() -> tuple[Path, Sequence[str]]:
    """Write slides.html, and return its path and a sentence for each figure in brackets.

    Raises ValueError if the Markdown is wrong, a results file is invalid, or a package is missing, and OSError if a
    file is.
    """
    shown = Shown(read())
    return atomic.write(SLIDES, html(filled(SOURCE.read_text(encoding="utf-8"), shown))), shown.doubts()


def filled(markdown: str, shown: Shown) -> str:
    """Return the Markdown with the figures that it asks for. Raises ValueError if it asks for something unknown."""
    environment = Environment(undefined=StrictUndefined, autoescape=False, trim_blocks=True)  # noqa: S701 - Markdown
    try:
        return environment.from_string(markdown).render(
            runs=shown, code=code, half=HALF, names=OVERLOADED, unlimited=UNLIMITED, refusing=REFUSING
        )
    except TemplateError as error:
        raise ValueError(f"{SOURCE.name}: {error}") from error


def html(markdown: str) -> str:
    """Return the slides as one HTML file, with styles and scripts inside."""
    pandoc = _bundled("pypandoc", "files", "pandoc")
    reveal = _bundled("sphinx_revealjs", "_static", "revealjs")
    command = [str(pandoc), "--from", "markdown", "--to", "revealjs", "--slide-level", "1", "--embed-resources"]
    command += ["--standalone", "--template", str(TEMPLATE), "--variable", f"revealjs-url={reveal}"]
    command += ["--variable", f"folder={FOLDER}"]
    done = subprocess.run(command, input=markdown, capture_output=True, text=True, check=False)
    if done.returncode or done.stderr:
        raise ValueError(f"pandoc says: {' '.join(done.stderr.split())}")
    return done.stdout


def _bundled(package: str, *parts: str) -> Path:
    """Return a file that a package brings along, without importing it. Raises ValueError if it is not installed."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ValueError(f"{package} is not installed: make install-workshop installs it")
    return Path(spec.origin).parent.joinpath(*parts)
