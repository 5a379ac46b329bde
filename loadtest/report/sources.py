"""The source code of the waiting functions, read from the installed twins."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

TWINS = ("sync_app", "async_app")

WAITS = re.compile(r"#.*\bholds ")
"""The comment that marks a waiting line."""

Function = ast.FunctionDef | ast.AsyncFunctionDef

CLASS_PREFIX = "src-"


@dataclass(frozen=True)
class Handler:
    """A function that waits."""

    where: str
    """The path of its file, from the root of the repository."""
    source: str
    waiting: list[int]
    """Numbers of the waiting lines, counted from 1."""

    @property
    def html(self) -> str:
        """The source as HTML, with its waiting lines marked; `style` returns the CSS of its classes."""
        return highlight(self.source, PythonLexer(), HtmlFormatter(hl_lines=self.waiting, classprefix=CLASS_PREFIX))


def handlers(scenario: str) -> list[Handler]:
    """Return the function of each twin that waits in the scenario; a twin without one is left out."""
    return [found for twin in TWINS if (found := _found(twin, scenario))]


def style(theme: str) -> str:
    """Return the CSS of a pygments theme."""
    colours = HtmlFormatter(style=theme, classprefix=CLASS_PREFIX)
    return str(colours.get_style_defs(".highlight"))  # type: ignore[no-untyped-call] # pygments has no type for it


@cache
def _found(twin: str, name: str) -> Handler | None:
    """Return the only function called `name` in a twin, or None if there is none."""
    found = []
    for file in files(twin).iterdir():
        if file.name.endswith(".py"):
            text = file.read_text(encoding="utf-8")
            functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, Function)]
            found += [(file.name, text, each, functions) for each in functions if each.name == name]
    if not found:
        return None
    ((file_name, text, function, functions),) = found
    source = "\n\n".join(_dedented(text, each) for each in [function, *_helpers(text, function, functions)])
    waiting = [number for number, line in enumerate(source.splitlines(), 1) if WAITS.search(line)]
    return Handler(f"{twin}/{file_name}", source, waiting)


def _helpers(text: str, function: Function, functions: list[Function]) -> list[Function]:
    """Return the functions of the same file that `function` calls and that wait."""
    inside = list(ast.walk(function))
    names = {ast.unparse(node).removeprefix("self.") for node in inside if isinstance(node, ast.Name | ast.Attribute)}
    others = [each for each in functions if each.name in names and each not in inside]
    return [each for each in others if WAITS.search(_dedented(text, each))]


def _dedented(text: str, function: Function) -> str:
    lines = text.splitlines()[function.lineno - 1 : function.end_lineno]
    return "\n".join(line[function.col_offset :] for line in lines)
