"""The moment when an event loop begins to run, in any thread of a process: then its watch begins."""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from typing import Any

EVENTS = "asyncio.events"
"""The module whose function every event loop calls when it begins and ceases to run, uvloop's too."""


class _Finder:
    """A finder that changes the module EVENTS as soon as it is imported, and no other module."""

    def find_spec(self, name: str, path: Any = None, _target: Any = None) -> Any:
        """Return the usual specification of the module, with a loader that changes it; None for all others."""
        if name != EVENTS:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def loaded(module: Any) -> None:
                load(module)
                _change(module)

            spec.loader.exec_module = loaded  # type: ignore[method-assign] # of this one loader
        return spec


def install(settings: str) -> None:
    """Watch each event loop of this process, and of those that it forks. `settings`: as `injection` writes them."""
    os.environ.setdefault("SYNC_VS_ASYNC_WATCH", settings)
    if EVENTS in sys.modules:
        _change(sys.modules[EVENTS])
    else:
        sys.meta_path.insert(0, _Finder())


def _change(events: Any) -> None:
    """Let the watcher know which loops run."""
    original, running = events._set_running_loop, events._get_running_loop

    def set_running_loop(loop: Any) -> None:
        before = running()
        original(loop)
        try:
            from . import watchdog  # noqa: PLC0415 - processes without a loop do not need it

            if loop is None:
                watchdog.end(before)
            else:
                watchdog.begin(loop, events)
        except Exception as error:
            print(f"The watcher did not start: {error!r}", file=sys.stderr)

    events._set_running_loop = set_running_loop
