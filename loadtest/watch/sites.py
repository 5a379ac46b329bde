"""The line of code that a stack stands for, and the name of the call in it."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from .inside.stacks import Line, Stack


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
    line = stack.lines[-1]
    path = Path(line.file)
    file = str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
    inside = "" if stack.inside.endswith(f".{line.function}") else stack.inside
    return Site(file, line.line, line.function, call_of(line), inside, stack.own)


def call_of(line: Line) -> str:
    """Return the name of the call that a line's instruction makes, such as `requests.get`; empty if it is unknown.

    Only names are taken from the source: arguments are left out.
    """
    if line.columns is None or None in line.columns:
        return ""
    first, last, left, right = (each or 0 for each in line.columns)
    calls = [
        call
        for node in _nodes(line.file)
        if (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset) == (first, last, left, right)
        for call in _calls(node)
    ]
    return _named(calls[0].func) if calls else ""


@lru_cache(maxsize=256)
def _nodes(file: str) -> Sequence[ast.expr | ast.stmt]:
    """Return the expressions and statements of a file, none if it cannot be read."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, ValueError, SyntaxError):
        return ()
    return [node for node in ast.walk(tree) if isinstance(node, ast.expr | ast.stmt)]


def _calls(node: ast.AST) -> list[ast.Call]:
    """Return the calls of a node, the one that it is itself or waits for first."""
    if isinstance(node, ast.AsyncWith | ast.With):
        return [each for item in node.items for each in _calls(item.context_expr)]
    if isinstance(node, ast.AsyncFor | ast.For):
        return _calls(node.iter)
    return [each for each in ast.walk(node) if isinstance(each, ast.Call)]


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
