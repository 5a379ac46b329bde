from pathlib import Path
from textwrap import dedent

import pytest

from loadtest.contenders.adapter import adapter_lines, code_lines
from loadtest.contenders.service import CORE, lineup

KNOWN = lineup(2)


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("", 0),
        ("\n\n", 0),
        ("# a comment\n", 0),
        ("x = 1\n", 1),
        ("x = 1  # a comment\n", 1),
        ("x = 1\n\n\ny = 2", 2),
        ("x = (\n    1,\n\n    # a comment\n    2,\n)\n", 4),
        ("x = 1; y = 2\n", 1),
        ('"""A docstring."""\n', 0),
        ('"""A docstring\n\nof three lines."""\nx = 1\n', 1),
        ('x = 1\n"""What it is."""\n', 1),
        ('x = """a text\n\nof three lines"""\n', 3),
        ('print("""a text\nof two lines""")\n', 2),
        ("x = 'not a docstring'\n", 1),
        ('class A:\n    """A class."""\n\n    x: int\n    """A field."""\n', 2),
        ('def f():\n    """A function."""\n', 1),
        ('async def f():\n    """A function.\n\n    It returns.\n    """\n    return 1\n', 2),
        ("@decorated\ndef f(\n    x,\n):\n    return x\n", 5),
    ],
)
def test_lines_of_code_are_neither_blank_nor_comments_nor_docstrings(source: str, lines: int) -> None:
    assert code_lines(source) == lines


def test_a_module_is_counted_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a_peer_alone.py").write_text('"""One."""\nx = 1\n\ny = 2\n')
    monkeypatch.syspath_prepend(tmp_path)
    assert adapter_lines("a_peer_alone") == 2


def test_of_a_package_only_the_room_of_its_framework_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "a_twin_alone"
    (package / "plumbing").mkdir(parents=True)
    files = {
        "__init__": "x = 1",
        "app": "a = 1\nb = 2",
        "__main__": "c = 3\n" * 9,
        "timers": "d = 4\n" * 9,
        "plumbing/responses": "e = 5",
        "plumbing/steps": "f = 6\n" * 9,
    }
    for name, text in files.items():
        (package / f"{name}.py").write_text(dedent(text))
    monkeypatch.syspath_prepend(tmp_path)
    assert adapter_lines("a_twin_alone") == 3


@pytest.mark.parametrize("module", ["no_such_module", "no_such_package.module", "sync_app.no_such_module", "backing"])
def test_of_what_is_not_there_nothing_is_counted(module: str) -> None:
    assert adapter_lines(module) is None


def test_every_service_of_the_line_up_has_an_adapter_and_those_of_one_twin_the_same() -> None:
    counts = {name: adapter_lines(service.module) for name, service in KNOWN.items()}
    assert all(count and count > 20 for count in counts.values())
    assert len({counts[name] for name in CORE if KNOWN[name].module == "sync_app"}) == 1
