"""The moment when an event loop begins to run, in any thread of a process: then its watch begins."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is imported neither by Python nor by asyncio: the service may have one of its own
    from typing import Any

EVENTS = "asyncio.events"
"""The module whose function every event loop calls when it begins and ceases to run, uvloop's too."""


class _Finder:
    """A finder that finds nothing. It is asked for each module, and sees so when EVENTS has been imported.

    It stays when it has nothing more to do: a list that loses a finder while another thread goes through it would hide
    the next finder from that thread.
    """

    def __init__(self, settings: str) -> None:
        self._settings = settings
        self._waits = True

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> None:
        """Change EVENTS if it is complete when asyncio imports its next module."""
        if self._waits and name.startswith("asyncio."):
            events = sys.modules.get(EVENTS)
            if events is not None and not getattr(events.__spec__, "_initializing", True):
                self._waits = False
                _change(events, self._settings)


def install(settings: str) -> None:
    """Watch each event loop of this process, and of those that it forks. `settings`: as `injection` writes them."""
    if EVENTS in sys.modules:
        _change(sys.modules[EVENTS], settings)
    else:
        sys.meta_path.insert(0, _Finder(settings))


def _change(events: Any, settings: str) -> None:
    """Replace the function that loops call with one that tells the watcher, too, which loop runs."""
    original, running = events._set_running_loop, events._get_running_loop

    def set_running_loop(loop: Any) -> None:
        before = running()
        original(loop)
        if loop is before:
            return
        try:
            from . import process  # noqa: PLC0415 - processes without a loop do not need it

            process.changed(before, loop, settings)
        except Exception as error:
            _tell(settings, error)

    events._set_running_loop = set_running_loop
    package = sys.modules.get("asyncio")
    if getattr(package, "_set_running_loop", None) is original:  # asyncio was imported before
        package._set_running_loop = set_running_loop  # type: ignore[union-attr] # it is no None


def _tell(settings: str, error: Exception) -> None:
    """Report that the watcher does not start, by the kind of the error alone. The service does not hear of it."""
    try:
        folder = settings.partition("\n")[0]
        with open(os.path.join(folder, f"{os.getpid()}.jsonl"), "a", encoding="ascii") as file:
            file.write(f'{{"event": "fault", "fault": "{type(error).__name__}"}}\n')
    except OSError:
        pass
