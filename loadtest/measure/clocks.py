"""The clocks of a run: of a service, of what it waits for, and of the cores."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import psutil

from backing.environment import Backing, Need
from loadtest.contenders.cores import Cores
from loadtest.generator.driver import Driver
from loadtest.generator.orders import Order
from loadtest.processes.clocks import CoreTime, Switches, TreeTime, core_time, switches, tree, tree_time
from loadtest.processes.service import Server
from loadtest.results.schema import Measured

COMMAND = "command"
"""The name of the command that measures, beside those of the processes that it started."""


@dataclass(frozen=True)
class Reading:
    """All clocks at one moment."""

    wall: float
    """Unix time."""
    clock: float
    """Seconds, by perf_counter."""
    service: TreeTime | None
    """The time of the service; None for a target whose processes cannot be seen."""
    switches: Switches | None
    others: dict[str, TreeTime]
    """The times of the database, the upstream and this command, by name."""
    everywhere: CoreTime
    service_cores: CoreTime | None
    other_cores: CoreTime | None


class Clocks:
    """The clocks of one service's steps, and of all that runs beside it."""

    def __init__(
        self,
        server: Server | None,
        behind: Backing,
        cores: Cores,
        needs: Collection[Need] = (),
        masters: Collection[int] = (),
    ) -> None:
        """Create clocks of `server` (None for a target whose processes cannot be seen), which waits for `needs`.

        `masters`: processes that lead load generators, which count as those of the command.

        If not all of that was started for this run, the work on the cores of everything else is partly unknown.
        """
        self._server = server
        self.all_ours = server is not None and server.ours and behind.processes.keys() >= {*needs}
        self._others = behind.processes
        self._command = [psutil.Process(), *map(psutil.Process, masters)]
        self._everywhere = (*cores.service, *cores.others) if cores.apart else None
        self._cores = cores if server is None else server.cores(cores)

    def read(self) -> Reading:
        """Read all clocks."""
        processes = self._server.processes() if self._server else None
        apart = self._cores.apart
        return Reading(
            wall=time.time(),
            clock=time.perf_counter(),
            service=None if processes is None else tree_time(processes),
            switches=None if processes is None else switches(processes),
            others={
                **{name: tree_time(tree(root)) for name, root in self._others.items()},
                COMMAND: tree_time(self._command),
            },
            everywhere=core_time(self._everywhere),
            service_cores=core_time(self._cores.service) if apart else None,
            other_cores=core_time(self._cores.others) if apart else None,
        )

    def between(self, before: Reading, after: Reading, generator_cpu: float) -> dict[str, Any]:
        """Return the figures of the time between two readings, by their names in Measured.

        `generator_cpu`: the cores that the load generators of this machine used.
        """
        spent, seconds = after.everywhere.since(before.everywhere), after.clock - before.clock
        service = self._service(before, after, seconds)
        return {
            "opened": before.wall,
            "machine_cpu": spent.busy_share(generator_cpu + (service["server_cpu"] or 0.0)),
            "stolen_cpu": spent.stolen / spent.total if spent.total else 0.0,
            "throttled": spent.throttled,
            "others_cpu": {name: time.since(before.others[name]) / seconds for name, time in after.others.items()},
            "service_cores": _use(after.service_cores, before.service_cores, len(self._cores.service)),
            "all_ours": self.all_ours,
            "other_cores": _use(after.other_cores, before.other_cores, len(self._cores.others)),
            **service,
        }

    def _service(self, before: Reading, after: Reading, seconds: float) -> dict[str, Any]:
        if before.service is None or after.service is None:
            return {"server_cpu": None, "processes_cpu": None, "died": 0, "switches": None}
        counted = after.switches.since(before.switches) if after.switches and before.switches else None
        return {
            "server_cpu": after.service.since(before.service) / seconds,
            "processes_cpu": [spent / seconds for spent in after.service.each_since(before.service)],
            "died": len(before.service.own.keys() - after.service.own.keys()),
            "switches": counted and counted._asdict(),
        }


def nothing() -> None:
    """Do nothing while a window is open."""


def measure(driver: Driver, clocks: Clocks, order: Order, meanwhile: Callable[[], None] = nothing) -> Measured:
    """Run one step, and return the measurements of its window, without memory and connections.

    `meanwhile` is called when the window has opened.
    """
    driver.open(order)
    before = clocks.read()
    meanwhile()
    driver.close(order)
    after = clocks.read()
    window = driver.result(order)
    here = sum(each["cpu"] for each in window.get("generators", []) if each["local"])
    return Measured(
        **window,
        **clocks.between(before, after, here if "generators" in window else window["generator_cpu"]),
        memory=None,
        connections=None,
    )


def _use(now: CoreTime | None, before: CoreTime | None, cores: int) -> dict[str, float] | None:
    """Return the use of a set of cores between two readings, in cores (see CoreUse)."""
    spent = now.since(before) if now and before else None
    if spent is None or not spent.total:  # both readings within one tick
        return None
    share = cores / spent.total
    return {
        "cores": cores,
        "busy": spent.busy * share,
        "stolen": spent.stolen * share,
        "interrupts": spent.interrupts * share,
    }
