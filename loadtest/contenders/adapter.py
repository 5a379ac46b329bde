"""Count the lines of code that connect a framework to the contract."""

import ast
import io
import tokenize
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

LAYOUT = (
    *(tokenize.ENCODING, tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE),
    *(tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER),
)
"""Tokens that are not code."""

ROOM = ("app.py", "plumbing/responses.py")
"""The files of a twin that depend on its framework. Twins and peers alike are started by code elsewhere."""


def adapter_lines(module: str) -> int | None:
    """Count the lines of code of a service that depend on its framework; None if there is no such module.

    For a single module (a peer), count the whole file; for a package (a twin), only the files in ROOM.
    """
    try:
        found = find_spec(module)
    except ModuleNotFoundError:
        return None
    if found is None or found.origin is None:
        return None
    file = Path(found.origin)
    files = [file.parent / name for name in ROOM] if found.submodule_search_locations else [file]
    counts = [code_lines(each.read_text(encoding="utf-8")) for each in files if each.exists()]
    return sum(counts) if counts else None


def code_lines(source: str) -> int:
    """Count the lines of Python source that hold code, without blank lines, comments and docstrings."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in LAYOUT:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - set(_docstrings(ast.parse(source))))


def _docstrings(tree: ast.Module) -> Iterator[int]:
    """Yield the line numbers of all docstrings, including those below an assignment."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)
