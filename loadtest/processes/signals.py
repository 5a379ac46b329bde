"""The signals that ask a command to end."""

import signal
from types import FrameType
from typing import NoReturn

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def raise_interrupts() -> None:
    """Let each of them raise KeyboardInterrupt, once: whatever ends us, we stop what we started."""
    for number in ENDINGS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def ignore() -> None:
    """Let none of them disturb what is still to be done."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    ignore()  # an impatient second Ctrl-C must not keep us from stopping what we started
    raise KeyboardInterrupt
