import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from loadtest.watch.inside.stacks import Line, Stack, stack_of
from loadtest.watch.sites import site_of


def looked_at(source: str, folder: Path) -> Stack:
    """Run a program until it calls `look`, and return the stack of that moment."""
    path = folder / "shop.py"
    path.write_text(source)
    found: list[Stack | None] = []

    def look(*_arguments: object, **_named: object) -> Callable[..., object]:
        found.append(stack_of(sys._getframe(1), set()))
        return look

    space = {"look": look, "pool": types.SimpleNamespace(look=look), "__name__": "shop"}
    exec(compile(source, str(path), "exec"), space)
    assert found[0] is not None
    return found[0]


@pytest.mark.parametrize(
    ("source", "line", "call"),
    [
        ("look()", 1, "look"),
        ("secret = 'x'\npool.look(secret, key=secret)", 2, "pool.look"),
        ("pool.look(\n    'a secret',\n)", 1, "pool.look"),
        ("x = [1, look('a secret')]", 1, "look"),
        ("{'a secret': pool}['a secret'].look()", 1, "….look"),
        ("(lambda: pool)().look('a secret')", 1, "…().look"),
        ("def stock():\n    pool.look('a secret')\n\nstock()", 2, "pool.look"),
    ],
)
def test_a_line_is_named_by_its_call_without_arguments(tmp_path: Path, source: str, line: int, call: str) -> None:
    site = site_of(looked_at(source, tmp_path), tmp_path)
    assert (site.file, site.line, site.call) == ("shop.py", line, call)
    assert "secret" not in f"{site}"


def test_a_source_that_cannot_be_read_leaves_the_line_without_a_call(tmp_path: Path) -> None:
    stack = looked_at("look()", tmp_path)
    line = stack.line
    gone = Stack(Line(str(tmp_path / "gone.py"), *line[1:]), stack.inside, "", own=True)
    assert site_of(gone, tmp_path).call == ""


def test_the_file_of_a_library_is_named_from_its_package(tmp_path: Path) -> None:
    line = Line("/env/lib/python3.11/site-packages/requests/api.py", 59, "get", None)
    site = site_of(Stack(line, "requests.api.get", "", own=False), tmp_path)
    assert (site.where, site.inside, site.own) == ("requests/api.py:59", "", False)
