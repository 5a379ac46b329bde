"""A database whose network falls silent: nothing is refused and nothing is closed, but no answer comes."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from contract.statements import ANSWER_WITHIN
from loadtest.processes.service import running
from tests.backing.support.databases import own_database
from tests.backing.support.networks import Network, network
from tests.conformance.support.fleet import LINEUP, WAYS_TO_WAIT
from tests.conformance.support.problems import unavailable
from tests.conformance.support.wire import Held, request
from tests.support.stalls import SLACK, eventually

CANCELLED_WITHIN = 7.0
"""Seconds for which the cancellation of a statement may be tried (docs/limits.md)."""


@pytest.fixture(scope="module")
def silent() -> Iterator[Network]:
    """Open a network for this module alone in front of a database server of its own."""
    with own_database() as server, network(server) as between:
        yield between


@pytest.mark.parametrize("name", WAYS_TO_WAIT)
def test_a_request_to_a_silent_database_ends_and_so_does_a_service_that_is_told_to(silent: Network, name: str) -> None:
    silent.speak()
    one = replace(LINEUP[name], workers=1)  # so that the second request finds the connection of the first
    with running(one, {"DATABASE_URL": silent.url}) as service, ThreadPoolExecutor() as pool:
        eventually(lambda: request(service.url, "/query?delay=0").status == 200)  # leaves a connection in the pool
        silent.silence()
        held = pool.submit(Held(service.url, "/query?delay=1s").response)
        service.process.send_signal(signal.SIGTERM)
        answer = held.result()
        assert unavailable(answer) == "The database is unreachable."
        assert answer.elapsed < 1 + ANSWER_WITHIN + SLACK
        assert service.process.wait(CANCELLED_WITHIN + SLACK) == 0
