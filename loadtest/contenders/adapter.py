"""How much code it takes to serve the contract with a framework."""

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
"""Tokens that are no code."""

ROOM = ("app.py", "plumbing/responses.py")
"""The files of a twin that know its framework. What starts it stands elsewhere, as it does for its peers."""


def adapter_lines(module: str) -> int | None:
    """The lines of code of a service's framework room; None where there is no such module.

    It is the whole of a module, and of a package the files that know the framework.
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
    """The lines of some Python that hold code: neither blank ones, nor comments, nor docstrings."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in LAYOUT:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - set(_docstrings(ast.parse(source))))


def _docstrings(tree: ast.Module) -> Iterator[int]:
    """The lines of all docstrings, and of what stands in their manner below an assignment."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)
