"""The watches of a race: each service that runs event loops reports to a folder of its own."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from loadtest.contenders.service import Service
from loadtest.processes.stack import StackProcess
from loadtest.watch.injection import LINEUP, Watch, watching

Watches = Mapping[str, Watch]
"""Watches by the name of their service."""


@contextmanager
def watches(services: Iterable[Service]) -> Iterator[Watches]:
    """Keep a folder for the reports of each service that runs event loops, until the context exits."""
    with ExitStack() as stack:
        yield {each.name: stack.enter_context(watching(LINEUP)) for each in services if each.on_a_loop}


def watched(part: StackProcess, watches: Watches) -> StackProcess:
    """Return a service to be started with its watch, if it has one."""
    if (watch := watches.get(part.name)) is None:
        return part
    environment = {**os.environ, **part.environment}
    return replace(part, environment={**part.environment, **watch.environment(environment)})
