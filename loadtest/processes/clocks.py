"""CPU clocks of a process, and of the cores that this process may use."""

import os
from math import inf
from typing import NamedTuple

import psutil

from loadtest.contenders.quota import quota, throttled

COUNTED_TWICE = ("guest", "guest_nice")
"""Columns of Linux's /proc/stat whose time `user` and `nice` include already (proc(5))."""


class MachineTime(NamedTuple):
    """Seconds of CPU time so far, summed over the usable cores."""

    busy: float
    """Seconds in which the cores were not idle, including stolen time."""
    idle: float
    """Seconds in which the cores were idle or waited for a disk."""
    stolen: float
    """Seconds that the host gave to other virtual machines."""
    throttled: float = 0.0
    """Seconds in which a CPU quota held back this process's control groups."""

    def since(self, before: "MachineTime") -> "MachineTime":
        """Return the time spent between `before` and this reading."""
        return MachineTime(*(now - then for now, then in zip(self, before, strict=True)))

    def busy_share(self, used: float) -> float:
        """Return the busy share of all cores; if larger, the share of the CPU quota that `used` cores are."""
        of_quota = used / (quota() or inf)
        return max(self.busy / (self.busy + self.idle), min(of_quota, 1.0))


def machine_time() -> MachineTime:
    """Return the clocks of the cores that this process may use, in seconds since the system started."""
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    cores = [times for core, times in enumerate(psutil.cpu_times(percpu=True)) if usable is None or core in usable]
    total = sum(sum(times) - sum(getattr(times, name, 0.0) for name in COUNTED_TWICE) for times in cores)
    idle = sum(times.idle + getattr(times, "iowait", 0.0) for times in cores)
    stolen = sum(getattr(times, "steal", 0.0) for times in cores)
    return MachineTime(total - idle, idle, stolen, throttled())


def process_time(process: psutil.Process) -> float:
    """Return the CPU seconds (user and system) of a process so far. Raises NoSuchProcess if it has exited."""
    times = process.cpu_times()
    return float(times.user + times.system)
