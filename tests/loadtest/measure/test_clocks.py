"""All clocks of a window: their readings, and the figures between two of them."""

import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from backing.environment import Backing, Need
from loadtest.contenders.cores import SHARED, Cores, usable
from loadtest.measure.clocks import Clocks, Reading
from loadtest.processes.clocks import CoreTime, Switches, TreeTime
from tests.support.stalls import at_best, within

NOTHING = Backing({}, {})

ZERO = CoreTime(0.0, 0.0, 0.0)


@pytest.fixture(autouse=True)
def _no_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtest.processes.clocks.quota", lambda: None)


BEFORE = Reading(
    wall=1000.0,
    clock=50.0,
    service=TreeTime({1: 1.0, 2: 2.0, 3: 3.0}, 0.5),
    switches=Switches(100, 10),
    others={"database": TreeTime({7: 4.0}, 1.0), "command": TreeTime({9: 5.0}, 0.0)},
    everywhere=ZERO,
    service_cores=ZERO,
    other_cores=ZERO,
)

AFTER = Reading(
    wall=700.0,
    clock=52.0,
    service=TreeTime({1: 1.5, 2: 2.25}, 4.0),
    switches=Switches(160, 14),
    others={"database": TreeTime({7: 4.5, 8: 0.25}, 1.25), "command": TreeTime({9: 5.125}, 0.0)},
    everywhere=CoreTime(busy=3.0, idle=3.0, stolen=0.6, interrupts=0.5, throttled=0.25),
    service_cores=CoreTime(busy=1.5, idle=0.5, stolen=0.25, interrupts=0.125),
    other_cores=CoreTime(busy=1.5, idle=2.5, stolen=0.5, interrupts=0.25),
)
"""Two seconds later, by a wall clock that was set back: the third process of the service has ended, and was waited
for."""


def test_between_two_readings_lie_the_figures_of_a_window() -> None:
    clocks = Clocks(None, NOTHING, Cores((0,), (1, 2)))
    assert clocks.between(BEFORE, AFTER, generator_cpu=0.5) == {
        "opened": 1000.0,
        "machine_cpu": 0.5,
        "stolen_cpu": pytest.approx(0.1),
        "throttled": 0.25,
        "others_cpu": {"database": 0.5, "command": 0.0625},
        "service_cores": {"cores": 1, "busy": 0.75, "stolen": 0.125, "interrupts": 0.0625},
        "other_cores": {"cores": 2, "busy": 0.75, "stolen": 0.25, "interrupts": 0.125},
        "server_cpu": 0.625,
        "processes_cpu": [0.25, 0.125],
        "died": 1,
        "all_ours": False,
        "switches": {"voluntary": 60, "involuntary": 4},
    }


def test_between_two_readings_within_one_tick_nothing_is_known_of_the_cores() -> None:
    found = Clocks(None, NOTHING, Cores((0,), (1, 2))).between(BEFORE, replace(BEFORE, clock=50.001), generator_cpu=0.5)
    assert (found["machine_cpu"], found["stolen_cpu"]) == (0.0, 0.0)
    assert (found["service_cores"], found["other_cores"]) == (None, None)


def test_of_a_target_and_of_cores_that_all_share_nothing_is_known() -> None:
    before, after = (
        replace(each, service=None, switches=None, service_cores=None, other_cores=None) for each in (BEFORE, AFTER)
    )
    told = Clocks(None, NOTHING, SHARED).between(before, after, generator_cpu=0.5)
    assert {name for name, value in told.items() if value is None} == {
        *("service_cores", "other_cores", "server_cpu", "processes_cpu", "switches")
    }
    assert told["died"] == 0


def test_a_quota_that_service_and_load_generator_fill_makes_the_machine_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtest.processes.clocks.quota", lambda: 1.25)
    told = Clocks(None, NOTHING, SHARED).between(BEFORE, AFTER, generator_cpu=0.5)
    assert told["machine_cpu"] == pytest.approx((0.5 + 0.625) / 1.25)


def test_what_a_service_waits_for_is_read_with_its_children_and_this_command_alone() -> None:
    starts = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(flush=True); input()'])"
    with subprocess.Popen(
        [sys.executable, "-c", starts], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        process.stdout.readline()
        read = Clocks(None, Backing({}, {"database": process.pid}), SHARED).read()
        children = {child.pid for child in psutil.Process(process.pid).children()}
        process.communicate("\n")
    assert read.others.keys() == {"database", "command"}
    assert read.others["database"].own.keys() == {process.pid, *children}
    assert len(children) == 1
    assert read.others["command"].own.keys() == {os.getpid()}
    assert (read.service, read.switches, read.service_cores, read.other_cores) == (None, None, None, None)


SERVER: Any = SimpleNamespace(processes=lambda: [psutil.Process()], ours=True, cores=lambda given: given)
"""A stand-in for a running service: this process."""

FOUND: Any = SimpleNamespace(processes=SERVER.processes, ours=False, cores=lambda _given: SHARED)
"""A stand-in for a service that somebody else started, and that may use every core."""

CORES = sorted(usable() or ())

BOTH = Cores(tuple(CORES[:1]), tuple(CORES[-1:]))


def test_a_service_is_read_with_its_switches() -> None:
    read = Clocks(SERVER, NOTHING, SHARED).read()
    assert read.service
    assert read.service.own.keys() == {os.getpid()}
    assert (read.switches is not None) == (sys.platform == "linux")


@pytest.mark.skipif(len(CORES) < 2, reason="needs two cores, and a system that binds processes to cores")
@at_best()
def test_the_clocks_of_both_sets_of_cores_are_read_and_everywhere_is_both() -> None:
    read = Clocks(SERVER, NOTHING, BOTH).read()
    assert read.service_cores
    assert read.other_cores
    assert read.service_cores.busy + read.service_cores.idle > 0
    parts = sum(each.busy + each.idle for each in (read.service_cores, read.other_cores))
    within(0.5, abs(read.everywhere.busy + read.everywhere.idle - parts))  # read at different moments

    shared = Clocks(FOUND, NOTHING, BOTH).read()
    assert shared.service
    assert (shared.service_cores, shared.other_cores) == (None, None)
    within(0.5, abs(shared.everywhere.busy + shared.everywhere.idle - parts))


@pytest.mark.skipif(len(CORES) < 2, reason="needs two cores, and a system that binds processes to cores")
@pytest.mark.parametrize(
    ("server", "started", "needs", "known"),
    [
        (SERVER, (), (), True),
        (SERVER, ("database",), ("database",), True),
        (SERVER, ("database", "upstream"), ("database",), True),
        (SERVER, (), ("database",), False),
        (SERVER, ("database",), ("database", "upstream"), False),
        (FOUND, (), (), False),
        (None, (), (), False),
    ],
)
def test_the_cores_of_everything_else_are_known_if_all_that_a_service_waits_for_was_started_for_the_run(
    server: Any, started: tuple[Need, ...], needs: tuple[Need, ...], known: bool
) -> None:
    behind = Backing({}, dict.fromkeys(started, os.getpid()))
    assert Clocks(server, behind, BOTH, needs).all_ours == known
