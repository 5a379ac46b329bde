"""Excerpts of the project's source code, as the slides show them."""

import ast
import textwrap

from .runs import ROOT

Function = ast.FunctionDef | ast.AsyncFunctionDef


def code(path: str, *names: str) -> str:
    """Return functions of a file as a Markdown block of Python, without their docstrings and `noqa` comments.

    Raises ValueError if the file has no such function.
    """
    text = (ROOT / path).read_text(encoding="utf-8")
    found = {each.name: each for each in ast.walk(ast.parse(text)) if isinstance(each, Function)}
    if missing := [name for name in names if name not in found]:
        raise ValueError(f"{path} has no function {missing[0]}.")
    return "```python\n" + "\n\n".join(_source(text, found[name]) for name in names) + "\n```"


def _source(text: str, function: Function) -> str:
    """Return the lines of a function, with its decorators."""
    first = min([function.lineno, *(each.lineno for each in function.decorator_list)])
    lines = text.splitlines()
    head, *rest = function.body
    is_docstring = isinstance(head, ast.Expr) and isinstance(head.value, ast.Constant)
    start = head.lineno if not is_docstring else (head.end_lineno or head.lineno) + 1
    assert rest or not is_docstring, "a function of one docstring shows nothing"
    shown = [*lines[first - 1 : function.body[0].lineno - 1], *lines[start - 1 : function.end_lineno]]
    return textwrap.dedent("\n".join(line.partition("  # noqa")[0] for line in shown))
