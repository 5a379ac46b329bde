import gc
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

WRITTEN_OUT = ("compose", "measures", "workshop")
"""Markers that stand in the file of every test that has them; `slow` is also set by tests/conformance/conftest.py."""

FIRST = ("ports", "test_comparison.py")
"""The groups that take longest: begun late, they would leave the other processes idle at the end."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out files without the marker of `-m`, if it is one of WRITTEN_OUT: importing all of them takes seconds."""
    marker = config.option.markexpr
    if marker in WRITTEN_OUT and collection_path.name.startswith("test_"):
        return f"pytest.mark.{marker}" not in collection_path.read_text(encoding="utf-8") or None
    return None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without garbage collection, and leave what was collected out of later ones.

    Ten thousand tests are a million objects. Each full collection looks at all of them, in every process of the tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let one process run all tests of a file where xdist shares tests out, and begin with those that take long.

    A group that is named already stands: a service of tests/conformance, and the tests that need the same ports.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.name))
    items.sort(key=lambda item: (group_of(item) not in FIRST, item.get_closest_marker("slow") is None))
    if getattr(config.option, "loadgroup", False):
        for item in items:
            # xdist 3.8 writes the group into an attribute that pytest 9.2 no longer has, so that nothing is grouped
            item._id = type(item.id).parse(f"{item.nodeid}@{group_of(item)}")


def group_of(item: pytest.Item) -> str:
    """Return the name of the group whose tests one process runs one after the other."""
    marker = item.get_closest_marker("xdist_group")
    assert marker
    name: str = marker.args[0]
    return name


@pytest.fixture(scope="session", autouse=True)
def nothing_imports_locust() -> Iterator[None]:
    yield
    assert "locust" not in sys.modules, "Locust replaces the standard library's sockets and threads in this process."
