import asyncio
import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from serving.metrics import (
    LAG_EVERY,
    InFlightGauge,
    LoopInFlightGauge,
    LoopTally,
    PoolGauge,
    Tally,
    exposition,
    timed_loop,
)
from serving.shared_numbers import VARIABLE, shared_numbers

# Counts of a process are for good: each test has names of its own, and looks at what has been added.


def shown(name: str, **labels: object) -> float:
    """What Prometheus would read; 0 where there is nothing yet."""
    spelt_out = ",".join(f'{label}="{value}"' for label, value in labels.items())
    line = re.escape(f"{name}{{{spelt_out}}}" if labels else name) + r" (\S+)$"
    found = re.search(f"^{line}", exposition().decode(), re.MULTILINE)
    return float(found[1]) if found else 0.0


@pytest.mark.parametrize("tally_of", [Tally, LoopTally])
def test_requests_are_counted_by_operation_and_status_and_their_seconds_added_up(
    tally_of: type[Tally] | type[LoopTally],
) -> None:
    first, second = f"first {tally_of.__name__}", f"second {tally_of.__name__}"
    one, other = tally_of(first), tally_of(second)
    one.count(200, 0.5, 0.25)
    one.count(200, 0.5, None)
    one.count(503, 0.25, None)
    other.count(200, 4.0, 3.0)
    for _ in range(2):  # looking twice counts nothing twice
        assert shown("http_requests_total", operation=first, status=200) == 2
        assert shown("http_requests_total", operation=first, status=503) == 1
        assert shown("http_requests_total", operation=second, status=200) == 1
        assert shown("http_requests_total", operation=second, status=503) == 0
        assert shown("http_request_seconds_total", operation=first) == 1.25
        assert shown("http_wait_seconds_total", operation=first) == 0.25


@pytest.mark.parametrize("tally_of", [Tally, LoopTally])
def test_two_tallies_of_one_operation_are_counted_together(tally_of: type[Tally] | type[LoopTally]) -> None:
    name = f"twice {tally_of.__name__}"
    for tally in (tally_of(name), tally_of(name)):
        tally.count(200, 0.5, None)
    assert shown("http_requests_total", operation=name, status=200) == 2


PEAKS = """
from serving.metrics import {gauge}, exposition
gauge = {gauge}()
for taken in (1, 6, 7, 3):
    gauge.show(taken)
print(exposition().decode())
"""


@pytest.mark.parametrize("gauge", [InFlightGauge.__name__, LoopInFlightGauge.__name__])
def test_the_most_in_flight_stays_when_they_have_left(gauge: str) -> None:
    told = run(PEAKS.format(gauge=gauge)).splitlines()
    assert "http_requests_in_flight 3.0" in told
    assert "http_requests_in_flight_peak 7.0" in told


async def test_a_loop_that_is_held_up_lags_by_that_much() -> None:
    before = shown("event_loop_lag_seconds_count"), shown("event_loop_lag_seconds_sum")
    async with timed_loop(), asyncio.timeout(10):
        await asyncio.sleep(0)  # it begins to watch
        time.sleep(LAG_EVERY + 0.2)  # noqa: ASYNC251 - on purpose
        while shown("event_loop_lag_seconds_count") == before[0]:  # noqa: ASYNC110 - it is the watcher that is waited for
            await asyncio.sleep(0)
    assert shown("event_loop_lag_seconds_sum") - before[1] >= 0.2


async def test_a_loop_writes_what_it_has_counted_though_nobody_looks() -> None:
    written = asyncio.Event()

    class Written(LoopTally):
        def write(self) -> None:
            super().write()
            written.set()

    Written("unseen").count(200, 0.5, None)
    async with timed_loop(), asyncio.timeout(10):
        await written.wait()


def test_a_pool_shows_who_waits_and_what_is_in_use() -> None:
    gauge = PoolGauge("seen")
    with ExitStack() as waiting, ExitStack() as in_use:
        for _ in range(3):
            waiting.enter_context(gauge.waiting())
        in_use.enter_context(gauge.in_use())
        assert (shown("pool_waiting", pool="seen"), shown("pool_in_use", pool="seen")) == (3, 1)
    assert (shown("pool_waiting", pool="seen"), shown("pool_in_use", pool="seen")) == (0, 0)


def test_the_directory_is_named_while_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    with shared_numbers():
        directory = Path(os.environ[VARIABLE])
        assert directory.is_dir()
        (directory / "counter_1.db").write_bytes(b"")
    assert not directory.exists()


FORKS = """
import os, sys
from serving.shared_numbers import VARIABLE, shared_numbers

if {set_before}:
    os.environ[VARIABLE] = "/nowhere"
with shared_numbers():
    directory = os.environ[VARIABLE]
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        assert os.path.isdir(directory), "the child has removed it"
print(directory, os.path.exists(directory), flush=True)
"""


@pytest.mark.parametrize("set_before", [False, True])
def test_a_forked_child_that_ends_leaves_the_directory_to_its_parent(set_before: bool) -> None:
    ended = run(FORKS.format(set_before=set_before))
    (directory, childs), (same, parents) = (line.split() for line in ended.splitlines())
    assert directory == same != "/nowhere"
    assert (childs, parents) == ("True", "False")


TOGETHER = """
import os
from types import SimpleNamespace
from serving.shared_numbers import forget, shared_numbers

with shared_numbers():
    children = []
    for number in (1, 2):
        read, write = os.pipe()
        child = os.fork()
        if not child:
            from serving.metrics import InFlightGauge, Tally
            Tally("delay").count(200, 0.5, 0.25)
            gauge = InFlightGauge()
            gauge.show(10 * number)
            gauge.show(number)
            os.write(write, b"!")
            os._exit(0)
        os.waitpid(child, 0)
        children.append(child)
    from serving.metrics import exposition
    print(exposition().decode())
    print("---")
    for child in children:
        forget(None, SimpleNamespace(pid=child))
    print(exposition().decode())
"""


def test_several_processes_show_their_numbers_together_and_only_counts_outlive_them() -> None:
    alive, dead = run(TOGETHER).split("---\n")
    for told in (alive, dead):
        assert 'http_requests_total{operation="delay",status="200"} 2.0' in told
        assert 'http_request_seconds_total{operation="delay"} 1.0' in told
        assert "http_requests_in_flight_peak 20.0" in told
    assert "http_requests_in_flight 3.0" in alive
    assert "http_requests_in_flight 3.0" not in dead


def run(code: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=30
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
