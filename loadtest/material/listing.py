"""Excerpts of the project's source code, as the slides show them."""

import ast

from .runs import ROOT

Function = ast.FunctionDef | ast.AsyncFunctionDef


WIDTH = 76
"""The most characters of a line on a slide."""


def code(path: str, *names: str, width: int = WIDTH) -> str:
    """Return functions of a file as a Markdown block of Python, without docstrings.

    A comment that would make a line longer than `width` is left out. Raises ValueError if the file has no such
    function, or if a line is too long without its comment.
    """
    text = (ROOT / path).read_text(encoding="utf-8")
    found = {each.name: each for each in ast.walk(ast.parse(text)) if isinstance(each, Function)}
    if missing := [name for name in names if name not in found]:
        raise ValueError(f"{path} has no function {missing[0]}.")
    lines = [line for name in names for line in [*_source(text, found[name]), ""]]
    shown = [short for line in lines if (short := _short(line, width)) is not None]
    if long := [line for line in shown if len(line) > width]:
        raise ValueError(f"{path}: the line {long[0].strip()!r} is longer than {width} characters.")
    return "\n".join(["```python", *shown[:-1], "```"])


def _source(text: str, function: Function) -> list[str]:
    """Return the lines of a function from its first decorator on, without its docstring."""
    lines = text.splitlines()
    docstring = function.body[0]
    assert ast.get_docstring(function) is not None, "every function has one"
    start = min([function.lineno, *(each.lineno for each in function.decorator_list)]) - 1
    return [*lines[start : docstring.lineno - 1], *lines[docstring.end_lineno : function.end_lineno]]


def _short(line: str, width: int) -> str | None:
    """Return a line, without its comment if it is too long; None if nothing is left."""
    if len(line) <= width:
        return line
    return line.partition("#")[0].rstrip() or None
