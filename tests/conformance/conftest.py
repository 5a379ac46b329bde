from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from loadtest.processes.service import Running
from tests.conformance.support.fleet import APPLICATIONS, NAMES, TWINS, Fleet
from tests.support.stalls import at_best

HERE = Path(__file__).parent

LAST = HERE / "test_draining.py"
"""The tests that stop a service. They come last, so that they need not start one."""

AS_THEY_STAND = {"service", "application", "other", "waiting", "leaving"}
"""The fixtures that return a service with its own settings."""

GROUPS = 4
"""The number of groups that the services are divided into. Each group needs a database, an upstream and both twins."""

FLEET = pytest.StashKey[Fleet]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group the tests by service, a few services in one xdist worker, so that every service starts only once.

    Tests of an unchanged twin are quick. The others start a twin with other settings, or a peer; they are marked slow.
    All run as `at_best` says, because every process that they use may stall.
    """
    own = [item for item in items if item.path.is_relative_to(HERE)]
    for item in own:
        name = service_of(item)
        item.add_marker(pytest.mark.xdist_group(f"conformance {NAMES.index(name) % GROUPS}"))
        as_it_stands = isinstance(item, pytest.Function) and AS_THEY_STAND & {*item.fixturenames}
        if name not in TWINS or not as_it_stands:
            item.add_marker(pytest.mark.slow)
        if isinstance(item, pytest.Function):
            item.obj = at_best()(item.obj)
    own.sort(key=lambda item: (NAMES.index(service_of(item)), item.path == LAST))
    items[:] = [*own, *(item for item in items if not item.path.is_relative_to(HERE))]


def service_of(item: pytest.Item) -> str:
    """Return the name of the service that a test is about, or the first service of the line-up if there is none."""
    given = item.callspec.params.values() if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ()
    return next((value for value in given if value in NAMES), NAMES[0])


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Stop the services that no later test of this process needs, because they use the CPU even if nobody asks them."""
    fleet = item.config.stash.get(FLEET, None)
    following = service_of(nextitem) if nextitem and nextitem.path.is_relative_to(HERE) else None
    if fleet and following != service_of(item):
        fleet.stop_all_but(TWINS if following else ())  # every service is compared with them


@pytest.fixture(scope="session")
def fleet(pytestconfig: pytest.Config) -> Iterator[Fleet]:
    with closing(Fleet()) as fleet:
        pytestconfig.stash[FLEET] = fleet
        yield fleet


@pytest.fixture(params=APPLICATIONS)
def application(request: pytest.FixtureRequest, fleet: Fleet) -> Running:
    """Return one service of each application in turn, with one process. Its responses do not depend on its workers."""
    name: str = request.param
    return fleet(name)


@pytest.fixture(params=NAMES)
def service(request: pytest.FixtureRequest, fleet: Fleet) -> Running:
    """Return each service of the line-up in turn, with its own settings and one process."""
    name: str = request.param
    return fleet(name)
