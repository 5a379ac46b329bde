from collections.abc import Iterator
from contextlib import closing

import pytest

from loadtest.services import Running
from tests.conformance.fleet import NAMES, Fleet


@pytest.fixture(scope="session")
def fleet() -> Iterator[Fleet]:
    with closing(Fleet()) as fleet:
        yield fleet


@pytest.fixture(params=NAMES)
def service(request: pytest.FixtureRequest, fleet: Fleet) -> Running:
    """Each service of the line-up in turn, as it stands there."""
    name: str = request.param
    return fleet(name)
