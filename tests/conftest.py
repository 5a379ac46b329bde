import sys
from collections.abc import Iterator

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one process run all tests of a file where xdist shares tests out, and begin with those that take long.

    A group that is named already stands: a service of tests/conformance, and the tests that need the same ports.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(str(item.path)))
    items.sort(key=lambda item: (group_of(item) != "ports", item.get_closest_marker("slow") is None))


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
