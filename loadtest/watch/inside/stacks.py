"""Stacks of a watched service: the line of its own code, what that called, and which request it was for.

Only names are taken: of files, functions and routes. What functions were called with stays in the service. Its own
frames are never looked into; those of frameworks are, for the route of their request.
"""

from __future__ import annotations

import os
import sys
from itertools import islice
from time import perf_counter
from types import CodeType, CoroutineType, FrameType, GeneratorType
from typing import Any, NamedTuple

from .routes import route_of

MOST_FRAMES = 200
LOOK = 0.001
"""Seconds that a look at the tasks of a loop may take, which waits meanwhile."""

OUTSIDE = ("site-packages", "dist-packages")
"""Folders of libraries."""

STANDARD = os.path.dirname(os.path.abspath(os.__file__))
HERE = os.path.dirname(os.path.abspath(__file__))

_own: dict[str, bool] = {}
_folders: list[str] = []


class Line(NamedTuple):
    """A line of code. `columns`: where its instruction begins and ends, as lines and columns; None if unknown."""

    file: str
    line: int
    function: str
    columns: tuple[int | None, ...] | None


class Stack(NamedTuple):
    """The lines at which a thread ran, or a task waited.

    `line`: the innermost of the service's own code; if there is none, that of a library.
    `inside`: the innermost function, with its module. `route`: of the request, empty if unknown. `own`: False if no
    line is the service's.
    """

    line: Line
    inside: str
    route: str
    own: bool


def own_paths(folders: list[str]) -> None:
    """Take the code in these folders for the service's own, even where libraries are installed."""
    _folders[:] = [each for each in folders if each]
    _own.clear()


def is_own(file: str) -> bool:
    """Return True if a file is the service's own: of no library, not of Python, and not of this watcher."""
    known = _own.get(file)
    if known is None:
        path = os.path.abspath(file)
        known = _own[file] = any(_within(path, each) for each in _folders) or not (
            file.startswith("<")
            or not (os.path.isabs(file) or os.path.exists(file))  # Sanic compiles some of its methods under their names
            or _within(path, HERE)
            or _within(path, STANDARD)
            or any(part in OUTSIDE for part in path.split(os.sep))
        )
    return known


def _within(path: str, folder: str) -> bool:
    return path.startswith(folder + os.sep)


def around() -> set[FrameType]:
    """Return the frames of this thread that are not the watcher's: those of the program that runs a loop."""
    frame: FrameType | None = sys._getframe()
    found = set()
    while frame is not None:
        if not _within(frame.f_code.co_filename, HERE):
            found.add(frame)
        frame = frame.f_back
    return found


def stack_of(frame: FrameType, outside: set[FrameType]) -> Stack | None:
    """Return the stack of a running thread, by its innermost frame, without the frames `outside`.

    None if it runs nothing but this watcher.
    """
    frames: list[FrameType] = []
    known: FrameType | None = frame
    while known is not None and len(frames) < MOST_FRAMES and known not in outside:
        if not _within(known.f_code.co_filename, HERE):
            frames.append(known)
        known = known.f_back
    return _stack(frames[::-1])


def waiting(loop: Any) -> list[tuple[Stack, int]]:
    """Return where the tasks of a loop wait that serve a request or run the service's own code, and how many do.

    Of a loop with many tasks some are looked at, and the numbers are estimates.
    """
    from asyncio import all_tasks  # noqa: PLC0415 - the service imports it first

    found: dict[Stack, int] = {}
    tasks = all_tasks(loop)
    looked_at = 0
    until = perf_counter() + LOOK
    for task in tasks:
        looked_at += 1
        frames = _frames_of(task)
        stack = _stack(frames)
        serves = any("scope" in each.f_code.co_varnames for each in frames)  # in aiohttp a task outlives its request
        if stack is not None and (stack.own or (stack.route and serves)):
            found[stack] = found.get(stack, 0) + 1
        if perf_counter() > until:
            break
    return [(stack, round(times * len(tasks) / looked_at)) for stack, times in found.items()]


def _frames_of(task: Any) -> list[FrameType]:
    """Return the frames of a task that waits, the outermost first."""
    frames: list[FrameType] = []
    waits: Any = task.get_coro()
    while len(frames) < MOST_FRAMES:
        # Other objects that can be awaited are not asked: their attributes could run any code.
        if type(waits) is CoroutineType:
            frame, waits = waits.cr_frame, waits.cr_await
        elif type(waits) is GeneratorType:
            frame, waits = waits.gi_frame, waits.gi_yieldfrom
        else:
            break
        if frame is None:
            break
        frames.append(frame)
    return frames


def _stack(frames: list[FrameType]) -> Stack | None:
    """Return the stack of frames, the outermost first."""
    if not frames:
        return None
    own = [each for each in frames if is_own(each.f_code.co_filename)]
    route = ""
    for each in frames:
        if not is_own(each.f_code.co_filename):
            route = route_of(each) or route
    return Stack(_line((own or frames)[-1]), _name(frames[-1]), route, bool(own))


def _line(frame: FrameType) -> Line:
    code = frame.f_code
    return Line(code.co_filename, frame.f_lineno or 0, _qualified(code), _columns(code, frame.f_lasti))


def _columns(code: CodeType, instruction: int) -> tuple[int | None, ...] | None:
    if sys.version_info < (3, 11) or instruction < 0:
        return None
    return next(islice(code.co_positions(), instruction // 2, None), None)


def _qualified(code: CodeType) -> str:
    return getattr(code, "co_qualname", code.co_name)


def _name(frame: FrameType) -> str:
    module = frame.f_globals.get("__name__")
    return f"{module}.{_qualified(frame.f_code)}" if type(module) is str else _qualified(frame.f_code)
