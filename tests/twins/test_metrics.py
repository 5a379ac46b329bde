import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack

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
from serving.shared_numbers import LONGEST, MOST, Numbers

# A process never resets its counts: each test uses names of its own, or compares with an earlier value.


def shown(name: str, **labels: object) -> float:
    """Return the value that Prometheus would read, or 0 if there is none yet."""
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
    for _ in range(2):  # reading twice counts nothing twice
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
        await asyncio.sleep(0)  # lets the watcher start
        time.sleep(LAG_EVERY + 0.2)  # noqa: ASYNC251 - on purpose
        while shown("event_loop_lag_seconds_count") == before[0]:  # noqa: ASYNC110 - waits for the watcher
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


FORKED = """
import os
from types import SimpleNamespace
from serving.shared_numbers import assign, forget, share, take

def fork(count, most, last):
    worker = SimpleNamespace()
    assign(SimpleNamespace(WORKERS=living), worker)
    pid = os.fork()
    if not pid:
        take(worker)
        from serving.metrics import InFlightGauge, PoolGauge, Tally, exposition
        Tally("delay").count(200, 0.5, 0.25)
        Tally(f"only {count}").count(204, 0.5, None)
        gauge = InFlightGauge()
        gauge.show(most)
        gauge.show(last)
        PoolGauge("held").in_use().__enter__()
        if count == 3:
            print(exposition().decode())
        os._exit(0)
    os.waitpid(pid, 0)
    living[pid] = worker
    return pid

share(1)
living = {}
first = fork(1, 10, 1)
second = fork(2, 20, 2)
told = fork(3, 5, 3)
print("---", flush=True)
for pid in list(living):
    forget(None, living.pop(pid))
fork(3, 4, 4)
"""


def test_several_processes_show_their_numbers_together_and_only_counts_outlive_them() -> None:
    alive, after = run(FORKED).split("---\n")
    for told, count in ((alive, 3.0), (after, 4.0)):
        assert f'http_requests_total{{operation="delay",status="200"}} {count}' in told
        assert f'http_request_seconds_total{{operation="delay"}} {count / 2}' in told
        for other in (1, 2):
            assert f'http_requests_total{{operation="only {other}",status="204"}} 1.0' in told
        assert "http_requests_in_flight_peak 20.0" in told
    assert "http_requests_in_flight 6.0" in alive
    assert 'pool_in_use{pool="held"} 3.0' in alive
    assert "http_requests_in_flight 4.0" in after
    assert 'pool_in_use{pool="held"} 1.0' in after


def test_the_numbers_of_a_service_are_in_no_directory() -> None:
    code = """
import os
from serving.shared_numbers import share
share(2)
print(os.listdir(os.environ["TMPDIR"]))
"""
    with tempfile.TemporaryDirectory() as directory:
        assert run(code, TMPDIR=directory) == "[]\n"


def test_more_numbers_or_longer_names_than_there_is_room_for_are_left_out_and_end_nothing() -> None:
    numbers = Numbers(1)
    places = {numbers.place(f"number {count}") for count in range(MOST)}
    left_out = {numbers.place("one too many"), numbers.place("x" * (LONGEST + 1))}
    assert (len(places), len(left_out)) == (MOST, 1)
    assert not places & left_out
    numbers.values[left_out.pop()] = 7.0
    assert numbers.all("one too many") == []
    assert sorted(numbers.names()) == sorted(f"number {count}" for count in range(MOST))


def test_a_worker_beyond_all_parts_counts_for_itself() -> None:
    code = """
from types import SimpleNamespace
from serving import shared_numbers
shared_numbers.share(1)
shared_numbers.take(SimpleNamespace(part=10_000))
shared_numbers.forget(None, SimpleNamespace(part=10_000))
from serving.metrics import Tally, exposition
Tally("delay").count(200, 0.5, None)
print(exposition().decode())
"""
    assert 'http_requests_total{operation="delay",status="200"} 1.0' in run(code)


def test_a_variable_of_prometheus_client_changes_nothing() -> None:
    assert "http_requests_in_flight_peak 7.0" in run(PEAKS.format(gauge="InFlightGauge"), **{VARIABLE: "/nowhere"})


VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def run(code: str, **variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE} | variables
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=30
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
