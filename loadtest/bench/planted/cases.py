"""The cases: each planted fault in each framework on each loop, where its line is, and how its service is started."""

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from backing.processes import PYTHON
from loadtest.contenders.target import Start
from loadtest.results.stalls import BLOCKING, COMPUTING, LOCKED, Kind

from . import faults

PACKAGE = "loadtest.bench.planted"
LOOPS = ("uvloop", "asyncio")
MARK = "  # fault"

KINDS: dict[Callable[[], None], Kind] = {
    faults.time_sleep: BLOCKING,
    faults.http_client: BLOCKING,
    faults.database_driver: BLOCKING,
    faults.fsync: BLOCKING,
    faults.subprocess_run: BLOCKING,
    faults.password_hash: COMPUTING,
    faults.large_json: LOCKED,
    faults.regular_expression: LOCKED,
    faults.lock: BLOCKING,
    faults.name_lookup: BLOCKING,
    faults.sqlite_query: COMPUTING,
    faults.slow_logging: BLOCKING,
}
"""The kind of each fault. Those that compute do so in C, and other threads of their process run meanwhile."""


class Case(NamedTuple):
    """A fault in a framework on a loop."""

    framework: str
    loop: str
    fault: Callable[[], None]

    @property
    def named(self) -> str:
        """The case in words."""
        return f"{self.framework} on {self.loop}, {self.path}"

    @property
    def path(self) -> str:
        """The path of the requests that meet the fault."""
        return f"/{self.fault.__name__}"

    @property
    def kind(self) -> Kind:
        """The kind of the fault."""
        return KINDS[self.fault]

    @property
    def line(self) -> int:
        """The number of the line that is at fault, in the file `faults.py`."""
        lines, first = inspect.getsourcelines(self.fault)
        (found,) = (number for number, line in enumerate(lines, start=first) if line.rstrip().endswith(MARK))
        return found


def cases() -> Iterator[Case]:
    """Yield all cases."""
    for framework in STARTS:
        for loop in LOOPS:
            for fault in KINDS:
                yield Case(framework, loop, fault)


def start(framework: str, loop: str, environment: dict[str, str]) -> Start:
    """Return the start of the service of a framework on a loop, with `environment` added to that of this process."""
    words, own = STARTS[framework](loop)
    where = Path(__file__).parent
    told = {**environment, **own, "NO_PROXY": "127.0.0.1"}  # or requests would ask the environment's proxy
    return Start((*PYTHON, *words), where, told, ready="/healthz")


def _aiohttp(loop: str) -> tuple[tuple[str, ...], dict[str, str]]:
    return (f"{PACKAGE}.aiohttp_app", "--port", "{port}", "--loop", loop), {}


def _fastapi(loop: str) -> tuple[tuple[str, ...], dict[str, str]]:
    made = ("uvicorn", "--factory", f"{PACKAGE}.fastapi_app:create_app", "--no-access-log")
    return (*made, "--host", "127.0.0.1", "--port", "{port}", "--loop", loop), {}


def _sanic(loop: str) -> tuple[tuple[str, ...], dict[str, str]]:
    made = ("sanic", "--factory", f"{PACKAGE}.sanic_app:create_app", "--single-process", "--no-access-logs")
    return (*made, "--host", "127.0.0.1", "--port", "{port}"), {"SANIC_USE_UVLOOP": str(loop == "uvloop")}


STARTS: dict[str, Callable[[str], tuple[tuple[str, ...], dict[str, str]]]] = {
    "aiohttp": _aiohttp,
    "fastapi": _fastapi,
    "sanic": _sanic,
}
"""By framework: the words and variables that start its service on a loop."""
