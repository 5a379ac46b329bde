"""The record of a service in the results: what it is made of, and the demand of a request on it."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from loadtest.contenders.adapter import adapter_lines
from loadtest.contenders.service import Service
from loadtest.contenders.target import Target
from loadtest.results.schema import Contender, Options
from loadtest.workload import scenarios
from loadtest.workload.demand import Calibration

UNHURRIED: Mapping[str, str] = MappingProxyType({"POOL_TIMEOUT": "60"})
"""Environment in which a request may wait for a pool connection as long as a user waits for its response (60 s):
requests in that queue are measured, not refused."""


def contender(
    service: Service | Target, options: Options, calibration: Calibration | None = None, generators: int = 1
) -> Contender:
    """Return the record of a service in the results. `generators`: the load generators that have a core."""
    if isinstance(service, Target):
        return Contender(
            name=service.name,
            made_of=service.made_of,
            software={},
            kind="unknown",
            ours=False,
            command=[*service.start.command] if service.start else [],
            environment={},
            slots=service.slots,
            **dict.fromkeys(("adapter_lines", "processes", "threads", "demand", "calibration")),
        )
    demand = scenarios.demand(options.scenario, service, options.wait, options.slow_clients, calibration)
    return Contender(
        name=service.name,
        made_of=service.made_of,
        software=service.software,
        adapter_lines=adapter_lines(service.module),
        kind=service.kind,
        processes=service.workers,
        threads=service.threads,
        slots=service.slots,
        demand=demand and replace(demand, generators=generators),
        calibration=calibration,
        ours=True,
        command=service.command(),
        environment={**service.environment, **UNHURRIED},
    )
