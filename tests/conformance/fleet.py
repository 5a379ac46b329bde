"""The services of the line-up as real processes, each started when it is first needed and stopped at the end."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

from loadtest.lineup import cores, lineup
from loadtest.services import Running, running

LINEUP = lineup(cores())
NAMES = tuple(LINEUP)


class Fleet:
    """Called with a name, and with what is to be special about it, the service of that name."""

    def __init__(self) -> None:
        self._services: dict[object, Running] = {}
        self._stops: list[Callable[[], None]] = []

    def __call__(self, name: str, workers: int | None = None, environment: Mapping[str, str] | None = None) -> Running:
        key = (name, workers, tuple(sorted((environment or {}).items())))
        if key not in self._services:
            service = LINEUP[name] if workers is None else replace(LINEUP[name], workers=workers)
            stack = ExitStack()
            self._services[key] = stack.enter_context(running(service, environment))
            self._stops.append(stack.close)
        return self._services[key]

    def close(self) -> None:
        """Stop every service, all at once."""
        with ThreadPoolExecutor() as pool:
            for stopped in [pool.submit(stop) for stop in self._stops]:
                stopped.result()
