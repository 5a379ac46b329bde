"""The kind of a stall, or of a line in one: from the time that it took, the CPU time, and how late its stacks were.

A stack that was taken late says that something kept the interpreter's lock. Python code gives the lock away every few
milliseconds, so of a computation in Python a steady share of the time passes late; a C function may keep it to its end.
"""

from loadtest.results.stalls import BLOCKING, COMPUTING, LOCKED, OTHER_THREAD, Kind
from loadtest.watch.inside.watchdog import nap

SWITCH = 0.005
"""Seconds after which Python code gives the interpreter's lock away to a thread that waits for it, by default
(sys.getswitchinterval)."""

COMPUTES = 0.5
"""Share of CPU time from which on a line computes."""

IDLE = 0.2
"""Share of CPU time under which a thread that could not run at once waited for another one."""


def kept(least: float) -> float:
    """Return the share by which stacks are late, from which on a C function keeps the lock.

    `least`: seconds of a stall that counts, from which the watcher's nap between two looks follows.
    """
    return (1 + _of_python(least)) / 2


def released(least: float) -> float:
    """Return the share by which stacks are late, under which other threads can run Python code all the time."""
    return _of_python(least) / 2


def _of_python(least: float) -> float:
    """Return the share of a computation in Python: after each nap the watcher waits for the lock."""
    return SWITCH / (SWITCH + nap(least))


def kind_of(cpu: float, late: float, least: float) -> Kind:
    """Return the kind of a line, by the shares of CPU time and of lateness in its time."""
    if cpu < IDLE and late >= released(least):
        return OTHER_THREAD
    if cpu < COMPUTES:
        return BLOCKING
    return LOCKED if late >= kept(least) else COMPUTING
