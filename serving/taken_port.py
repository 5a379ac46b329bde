"""Why a process cannot listen on a port, with the process that holds it."""

import errno
import os
from contextlib import suppress
from dataclasses import dataclass

import psutil

LONGEST_COMMAND = 80
"""Characters of a process's command that are shown."""


@dataclass(frozen=True)
class Holder:
    """A process that listens on a port: its id and its command, without characters that cannot be printed."""

    process: int
    command: str

    def __str__(self) -> str:
        return f"process {self.process} ({self.command[:LONGEST_COMMAND]})"


def why_not(error: OSError, port: int) -> str:
    """Return why nothing can listen on the port; if it is taken, by which process, if the system tells."""
    if error.errno != errno.EADDRINUSE:
        return error.strerror or str(error)
    by = holder(port)
    return os.strerror(errno.EADDRINUSE) + (f" by {by}" if by else "")  # without the address, which some functions add


def holder(port: int) -> Holder | None:
    """Return the process that listens on the port, or None if there is none or the system does not tell."""
    with suppress(psutil.Error, OSError):
        listening = [each for each in psutil.net_connections("tcp") if each.status == psutil.CONN_LISTEN]
        holders = [each.pid for each in listening if each.laddr and each.laddr.port == port and each.pid is not None]
        if holders:
            process = psutil.Process(min(holders))  # the workers of a service hold its port too
            command = "".join(filter(str.isprintable, " ".join(process.cmdline())))
            return Holder(process.pid, command or process.name())
    return None
