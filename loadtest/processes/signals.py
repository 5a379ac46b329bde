"""Handling of the signals that end a command: SIGINT, SIGTERM and SIGHUP."""

import signal
from types import FrameType
from typing import NoReturn

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def raise_interrupts() -> None:
    """Make the first signal raise KeyboardInterrupt, so that the command stops its processes. Ignore later ones."""
    for number in ENDINGS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def ignore() -> None:
    """Ignore the signals from now on, so that cleaning up and saving can finish."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    ignore()  # a second Ctrl-C must not interrupt the stopping of processes
    raise KeyboardInterrupt
