"""Run a command that ends when the process that started it ends, even by SIGKILL: `PARENT WHAT COMMAND...`.

WHAT is `leader` for a command whose children end with it, and `group` for one that may leave some behind.

It runs as a script of the standard library alone, without site-packages: it starts before every process of a command.
"""

import ctypes
import os
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
"""The operation of prctl(2) that chooses the signal. The choice outlives exec, but not fork."""

LEADER, GROUP = "leader", "group"

LOOK_EVERY = 0.5
"""Seconds between two checks of the parent on systems that do not signal its death."""


def signalled(parent: int, number: int) -> None:
    """Ask Linux to send the signal `number` to this process when the parent ends. Exit if the parent has ended already.

    Linux sends the signal as early as the end of the thread that started this process.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        sys.exit(1)


def watched(parent: int) -> None:
    """Leave an orphan behind that kills this process and its group when the parent ends.

    An orphan, because a child would be counted among the processes of a service.
    """
    watched = os.getpid()
    if child := os.fork():
        os.waitpid(child, 0)
        return
    if os.fork() == 0:
        os.closerange(0, 3)  # whoever reads the output of the command must see its end
        while _exists(parent) and _exists(watched):
            time.sleep(LOOK_EVERY)
        os.killpg(watched, signal.SIGKILL)
    os._exit(0)


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it exists, as another user
        return True
    return True


def main() -> None:
    """Become the command, which is killed when the parent ends."""
    parent, what, *command = sys.argv[1:]
    if sys.platform == "linux":
        signalled(int(parent), signal.SIGKILL)
    if sys.platform != "linux" or what == GROUP:
        watched(int(parent))
    os.execv(command[0], command)  # noqa: S606 - the command is our own


if __name__ == "__main__":
    main()
