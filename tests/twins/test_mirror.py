import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SYNC, ASYNC = ROOT / "sync_app", ROOT / "async_app"

FRAMEWORK = {"app.py", "__main__.py"}  # the adapter, and the start of its server


def files_of(twin: Path) -> set[str]:
    return {str(path.relative_to(twin)) for path in twin.rglob("*.py")}


MIRRORED = sorted(files_of(SYNC) - FRAMEWORK)


def outline(path: Path) -> Iterator[tuple[str, str | None]]:
    """Yield the public classes, functions and methods of a module in order, each with its docstring."""
    tree = ast.parse(path.read_text())
    if path not in (SYNC / "__init__.py", ASYNC / "__init__.py"):  # these name the twin
        yield "", ast.get_docstring(tree)
    yield from members(tree, "")


def members(node: ast.Module | ast.ClassDef, prefix: str) -> Iterator[tuple[str, str | None]]:
    for child in node.body:
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and is_public(child.name):
            yield prefix + twin_of(child.name), ast.get_docstring(child)
            if isinstance(child, ast.ClassDef):
                yield from members(child, f"{prefix}{child.name}.")


def twin_of(name: str) -> str:
    """Return the blocking twin's name of a method: Python's async protocols have names of their own."""
    return {
        "__aenter__": "__enter__",
        "__aexit__": "__exit__",
        "__aiter__": "__iter__",
        "__anext__": "__next__",
        "aclose": "close",
    }.get(name, name)


def is_public(name: str) -> bool:
    return not name.startswith("_") or name.endswith("__")


def test_the_twins_have_the_same_files() -> None:
    assert files_of(SYNC) == files_of(ASYNC)


@pytest.mark.parametrize("name", MIRRORED)
def test_the_twins_have_the_same_names_and_docstrings_in_the_same_order(name: str) -> None:
    assert list(outline(SYNC / name)) == list(outline(ASYNC / name))


@pytest.mark.parametrize("name", MIRRORED)
def test_every_public_name_has_a_docstring(name: str) -> None:
    bare = [member for member, docstring in outline(SYNC / name) if not docstring]
    assert [member for member in bare if not member.endswith("__")] == []  # the class docstring covers these
