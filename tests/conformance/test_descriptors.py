import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import IO

import pytest

from backing.processes import address_in, lines_of, logged
from tests.conformance.support.fleet import LINEUP, SERVERS, TOGETHER
from tests.conformance.support.wire import PATIENCE, NotAnswered, ask, at_once, connect
from tests.support.stalls import eventually

LIMITED = ("/bin/sh", "-c", 'ulimit -n 100; exec "$@"', "sh")
"""The start of a command that may open 100 files and sockets in each process."""


@contextmanager
def limited(name: str) -> Iterator[tuple[str, IO[str]]]:
    """Run a service that may open few files and sockets, and yield its URL and its log."""
    command = replace(LINEUP[name], workers=1, threads=32).command()
    with logged((*LIMITED, *command), {**os.environ, "DATABASE_URL": "", "UPSTREAM_URL": ""}) as (process, log):
        url = address_in(lines_of(process.stdout).get(timeout=PATIENCE)) or ""
        eventually(lambda: answers(url), PATIENCE)
        yield url, log


def answers(url: str) -> bool:
    with suppress(NotAnswered, OSError):
        return ask(url, "/healthz").status == 200
    return False


@pytest.mark.parametrize("name", [name for name in SERVERS if name in TOGETHER])
def test_where_few_sockets_can_be_open_every_request_is_answered_or_refused(name: str) -> None:
    with limited(name) as (url, log):
        statuses = Counter(answer.status for answer in at_once(url, ["/delay/300ms"] * 150))
        assert statuses.keys() <= {200, 503}, statuses
        assert statuses[200] >= 12
        log.seek(0)
        assert log.readline() == (
            "A process may open only 100 files and sockets: MAX_IN_FLIGHT is 12 instead of 10000, "
            "which would need `ulimit -n 11148`.\n"
        )


def test_when_idle_connections_use_up_all_sockets_uvloop_closes_new_ones_without_an_answer() -> None:
    with limited("aiohttp") as (url, _log), ExitStack() as held:
        for _ in range(100):
            held.enter_context(connect(url))
        with pytest.raises(NotAnswered):
            ask(url, "/healthz")
        held.close()
        eventually(lambda: answers(url))
