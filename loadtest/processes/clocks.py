"""CPU clocks: of a process, and of the cores that this process may use."""

import os
from typing import NamedTuple

import psutil

COUNTED_TWICE = ("guest", "guest_nice")
"""Columns of Linux's /proc/stat whose time is part of `user` and `nice` as well (proc(5))."""


class MachineTime(NamedTuple):
    """Seconds that the usable cores have spent so far, all of them together."""

    busy: float
    """Seconds in which they were not idle, stolen ones included."""
    idle: float
    """Seconds in which they had nothing to do, or waited for a disk."""
    stolen: float
    """Seconds that the host gave to other guests."""

    def since(self, before: "MachineTime") -> "MachineTime":
        """Return what was spent since `before`."""
        return MachineTime(self.busy - before.busy, self.idle - before.idle, self.stolen - before.stolen)


def machine_time() -> MachineTime:
    """Return the clocks of the cores that this process may use, in seconds since the system started."""
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    cores = [times for core, times in enumerate(psutil.cpu_times(percpu=True)) if usable is None or core in usable]
    total = sum(sum(times) - sum(getattr(times, name, 0.0) for name in COUNTED_TWICE) for times in cores)
    idle = sum(times.idle + getattr(times, "iowait", 0.0) for times in cores)
    return MachineTime(total - idle, idle, sum(getattr(times, "steal", 0.0) for times in cores))


def process_time(process: psutil.Process) -> float:
    """Return the CPU seconds, user and system, that a process has used so far; NoSuchProcess where it is gone."""
    times = process.cpu_times()
    return float(times.user + times.system)
