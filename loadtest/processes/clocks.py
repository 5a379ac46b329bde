"""CPU clocks of processes with their children, and of the cores that they may use."""

import re
import sys
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import NamedTuple

import psutil

from loadtest.contenders.cores import usable
from loadtest.contenders.quota import quota, throttled

COUNTED_TWICE = ("guest", "guest_nice")
"""Columns of Linux's /proc/stat whose time `user` and `nice` include already (proc(5))."""

STATISTICS = Path("/proc/stat")

INTERRUPTS = ("irq", "softirq")
"""Columns of /proc/stat with time that belongs to no process, such as that of the loopback network."""

CPU_CLOCK = 2
"""The clock of the CPU time that the scheduler has counted, in the low bits of a process's clock (CPUCLOCK_SCHED in
Linux's include/linux/posix-timers_types.h). Unlike the times in /proc it is not counted in ticks of 10 ms."""


class CoreTime(NamedTuple):
    """Seconds of CPU time so far, summed over a set of cores."""

    busy: float
    """Seconds in which the cores were not idle, including stolen time and interrupts."""
    idle: float
    """Seconds in which the cores were idle or waited for a disk."""
    stolen: float
    """Seconds that the host gave to other virtual machines."""
    interrupts: float = 0.0
    """Seconds of interrupts, which belong to no process."""
    throttled: float = 0.0
    """Seconds in which a CPU quota held back this process's control groups."""

    def since(self, before: "CoreTime") -> "CoreTime":
        """Return the time spent between `before` and this reading."""
        return CoreTime(*(now - then for now, then in zip(self, before, strict=True)))

    def busy_share(self, used: float) -> float:
        """Return the busy share of all cores; if larger, the share of the CPU quota that `used` cores are."""
        of_quota = used / (quota() or inf)
        return max(self.busy / self.total if self.total else 0.0, min(of_quota, 1.0))

    @property
    def total(self) -> float:
        """All seconds, busy and idle: 0 between two readings within one tick."""
        return self.busy + self.idle


def core_time(cores: Collection[int] | None = None) -> CoreTime:
    """Return the clocks of `cores` (default: those that this process may use), in seconds since the system started."""
    chosen = usable() if cores is None else cores
    every = psutil.cpu_times(percpu=True)
    rows = [times for core, times in zip(_online(len(every)), every, strict=True) if chosen is None or core in chosen]
    total = sum(sum(times) - sum(getattr(times, name, 0.0) for name in COUNTED_TWICE) for times in rows)
    idle = sum(times.idle + getattr(times, "iowait", 0.0) for times in rows)
    stolen = sum(getattr(times, "steal", 0.0) for times in rows)
    interrupts = sum(getattr(times, name, 0.0) for times in rows for name in INTERRUPTS)
    return CoreTime(total - idle, idle, stolen, interrupts, throttled())


def _online(count: int) -> Sequence[int]:
    """Return the numbers of the `count` cores whose times psutil lists: Linux leaves out those that are offline."""
    with suppress(OSError):
        numbers = [int(found) for found in re.findall(r"^cpu(\d+)", STATISTICS.read_text(), flags=re.MULTILINE)]
        if len(numbers) == count:
            return numbers
    return range(count)


class TreeTime(NamedTuple):
    """The CPU time so far of a tree: a process, its children, and theirs."""

    own: Mapping[int, float]
    """CPU seconds, user and system, of each living process by its id."""
    ended: float
    """CPU seconds of the children that have ended."""

    def since(self, before: "TreeTime") -> float:
        """Return the CPU seconds that the tree spent between `before` and this reading."""
        return sum(self.own.values()) + self.ended - sum(before.own.values()) - before.ended

    def each_since(self, before: "TreeTime") -> list[float]:
        """Return the CPU seconds that each living process spent between `before` and this reading."""
        return [spent - before.own.get(pid, 0.0) for pid, spent in self.own.items()]


def tree_time(processes: Iterable[psutil.Process]) -> TreeTime:
    """Return the CPU time of all processes of a tree."""
    own: dict[int, float] = {}
    ended = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            own[process.pid] = process_time(process)
            ended += times.children_user + times.children_system
    return TreeTime(own, ended)


def tree(root: int) -> list[psutil.Process]:
    """Return the process with this id and all its children, and theirs; an empty list if it has exited."""
    try:
        process = psutil.Process(root)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def process_time(process: psutil.Process) -> float:
    """Return the CPU seconds (user and system) of a process so far. Raises NoSuchProcess if it has exited."""
    if sys.platform == "linux":
        with suppress(OSError):
            return time.clock_gettime(~process.pid << 3 | CPU_CLOCK)
    times = process.cpu_times()
    return float(times.user + times.system)


class Switches(NamedTuple):
    """Context switches so far of all threads of some processes."""

    voluntary: int
    """Switches of a thread that waited: for a lock, a timer or a socket."""
    involuntary: int
    """Switches of a thread that the scheduler interrupted."""

    def since(self, before: "Switches") -> "Switches":
        """Return the switches between `before` and this reading. Threads that ended meanwhile may be missing."""
        return Switches(max(0, self.voluntary - before.voluntary), max(0, self.involuntary - before.involuntary))


def switches(processes: Iterable[psutil.Process]) -> Switches | None:
    """Return the context switches of processes, or None where the system does not count them for each thread."""
    if sys.platform != "linux":
        return None
    voluntary = involuntary = 0
    for process in processes:
        for thread in Path(f"/proc/{process.pid}/task").glob("*/status"):
            with suppress(OSError):
                told = dict(line.split(":", 1) for line in thread.read_text().splitlines())
                voluntary += int(told["voluntary_ctxt_switches"])
                involuntary += int(told["nonvoluntary_ctxt_switches"])
    return Switches(voluntary, involuntary)
