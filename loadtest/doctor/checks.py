"""The checks, in the order in which they are shown."""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import psutil

from contract import ports
from loadtest.contenders.cores import usable, usable_cores
from serving.serve import raise_descriptors

from . import busy, machine, network, programs
from .finding import Finding

MAC = sys.platform == "darwin"

PORTS = {
    ports.SYNC_APP: "sync_app",
    ports.ASYNC_APP: "async_app",
    ports.UPSTREAM: "upstream",
    ports.OTHERS: "a race",
    ports.LOCUST: "Locust",
}
"""The ports that the workshop uses, and for what."""


def _system() -> Finding:
    return machine.system(platform.system(), platform.release(), str(Path.cwd()))


def _python() -> Finding:
    return machine.python(sys.version_info[:3])


def _cores() -> Finding:
    return machine.cores(usable_cores(), os.cpu_count() or 1, bindable=usable() is not None)


def _memory() -> Finding:
    known = psutil.virtual_memory()
    return machine.memory(known.available, known.total)


def _open_files() -> Finding:
    return machine.open_files(raise_descriptors(), mac=MAC)


def _disk() -> Finding:
    folders = {str(Path.cwd()), os.environ.get("FILE_DIRECTORY") or tempfile.gettempdir()}
    if missing := [each for each in sorted(folders) if not Path(each).is_dir()]:
        return machine.no_folder(missing[0])
    return machine.disk({each: shutil.disk_usage(each).free for each in sorted(folders)})


CHECKS: Mapping[str, Callable[[], Finding]] = {
    "system": _system,
    "Python": _python,
    "cores": _cores,
    "other programs": lambda: busy.busy(*busy.watch()),
    "memory": _memory,
    "open files": _open_files,
    "disk": _disk,
    "127.0.0.1": lambda: network.loopback(mac=MAC),
    **{f"port {port} ({user})": partial(network.held, port) for port, user in PORTS.items()},
    "localhost": lambda: network.localhost(network.addresses("localhost")),
    "proxies": lambda: network.proxies(os.environ),
    "Docker": lambda: programs.docker(programs.engine(), compose=programs.compose(), mac=MAC),
    "browser": lambda: programs.browser(programs.known_browser()),
}
"""The function of each check, by the name of what it looks at."""
