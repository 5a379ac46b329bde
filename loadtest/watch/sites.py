"""The line of code that a stack stands for, and the name of the call in it."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from .inside.stacks import OUTSIDE, Line, Stack


@dataclass(frozen=True)
class Site:
    """A line of code, without any of its values."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    file: str
    """Relative to the folder of the service if it is in it."""
    line: int
    function: str
    call: str = ""
    """The call of the line that lasted, without its arguments; empty if that is unknown."""
    inside: str = ""
    """The innermost function that was seen, if it is another one: of a library."""
    own: bool = True
    """False if no line of the user's own code was on the stack; then it is a library's."""

    @property
    def where(self) -> str:
        """The file and the line."""
        return f"{self.file}:{self.line}"


def site_of(stack: Stack, folder: Path) -> Site:
    """Return the innermost line of a stack. `folder`: that of the service."""
    line = stack.line
    inside = "" if stack.inside.endswith(f".{line.function}") else stack.inside
    return Site(_shown(line.file, folder), line.line, line.function, call_of(line), inside, stack.own)


def _shown(file: str, folder: Path) -> str:
    """Return the path of a file from the service's folder, or from that of the libraries, if it is in one of them."""
    path = Path(file)
    if path.is_relative_to(folder) and not any(each in path.parts for each in OUTSIDE):
        return str(path.relative_to(folder))
    for each in OUTSIDE:
        if each in path.parts:
            return str(Path(*path.parts[path.parts.index(each) + 1 :]))
    return file


def call_of(line: Line) -> str:
    """Return the name of the call that a line's instruction makes, such as `requests.get`; empty if it is unknown.

    Only names are taken from the source: arguments are left out.
    """
    if line.columns is None or None in line.columns:
        return ""
    first, last, left, right = (each or 0 for each in line.columns)
    for node in _nodes(line.file):
        if (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset) == (first, last, left, right):
            return _called(node)
    return ""


@lru_cache(maxsize=256)
def _nodes(file: str) -> Sequence[ast.expr | ast.stmt]:
    """Return the expressions and statements of a file, none if it cannot be read."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, ValueError, SyntaxError):
        return ()
    return [node for node in ast.walk(tree) if isinstance(node, ast.expr | ast.stmt)]


def _called(node: ast.AST) -> str:
    """Return the name of what a node calls or waits for, of the outermost call in it."""
    if isinstance(node, ast.AsyncWith | ast.With):
        entered = node.items[0].context_expr
        return _called(entered) or _named(entered)
    if isinstance(node, ast.AsyncFor | ast.For):
        return _called(node.iter)
    if isinstance(node, ast.Await):
        return _called(node.value)
    call = next((each for each in ast.walk(node) if isinstance(each, ast.Call)), None)
    return "" if call is None else _named(call.func)


def _named(node: ast.expr) -> str:
    """Return the name of a function as its call has it, with … in place of all that is no name."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return f"{_named(node.value)}.{node.attr}"
        case ast.Call():
            return f"{_named(node.func)}()"
        case ast.Await():
            return _named(node.value)
        case _:
            return "…"
