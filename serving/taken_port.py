"""Why a process cannot listen on a port, with the process that holds it."""

import errno
import os
from contextlib import suppress

import psutil

LONGEST_COMMAND = 80
"""Characters of a process's command that are shown."""


def why_not(error: OSError, port: int) -> str:
    """Return why nothing can listen on the port; if it is taken, by which process, if the system tells."""
    if error.errno != errno.EADDRINUSE:
        return error.strerror or str(error)
    return f"{os.strerror(errno.EADDRINUSE)}{_holder(port)}"  # without the address, which some functions add


def _holder(port: int) -> str:
    with suppress(psutil.Error, OSError):
        listening = [each for each in psutil.net_connections("tcp") if each.status == psutil.CONN_LISTEN]
        holders = [each.pid for each in listening if each.laddr and each.laddr.port == port and each.pid is not None]
        if holders:
            process = psutil.Process(min(holders))  # the workers of a service hold its port too
            command = "".join(filter(str.isprintable, " ".join(process.cmdline())))
            return f" by process {process.pid} ({command[:LONGEST_COMMAND] or process.name()})"
    return ""
