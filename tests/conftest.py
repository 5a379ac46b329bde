import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def nothing_imports_locust() -> Iterator[None]:
    yield
    assert "locust" not in sys.modules, "Locust replaces the standard library's sockets and threads in this process."
