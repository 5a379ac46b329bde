"""Suspend processes for a while, in a process of its own that resumes them even if the command is killed.

The arguments are SECONDS PID...; it runs as a script of the standard library alone.
"""

import os
import signal
import sys
import time
from contextlib import suppress


def send(number: signal.Signals, processes: list[int]) -> None:
    """Send a signal to all processes that still run."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)


def main() -> None:
    """Suspend the processes, wait, and resume them."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    processes = [int(each) for each in sys.argv[2:]]
    try:
        send(signal.SIGSTOP, processes)
        time.sleep(float(sys.argv[1]))
    finally:
        send(signal.SIGCONT, processes)


if __name__ == "__main__":
    main()
