"""Users of a user's own: the classes of a locustfile, and what they do with their time.

A locustfile is loaded in the load generator's process only, because it can change all of that process.
"""

import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from time import perf_counter
from traceback import walk_tb
from types import TracebackType
from typing import Any, NamedTuple

import gevent
import locust
from gevent.event import Event
from locust import FastHttpUser, HttpUser, User
from locust.argument_parser import get_parser
from locust.contrib.fasthttp import LocustBadStatusCode
from locust.event import EventHook
from locust.user.task import TaskSet
from locust.util.load_locustfile import load_locustfile

from loadtest.contenders.target import Tls, context
from loadtest.workload.share import Share

from .users import GOLDEN

PAUSE = 0.1
"""Seconds that a user pauses after an exception in a task: one that is raised at once would be raised without end."""


class Refused(Exception):
    """The locustfile cannot be used. The message is a sentence."""


class Spent(NamedTuple):
    """The sums of what users have done until now. Waits count as long as they were meant to be."""

    tasks: int
    """The tasks that have ended."""
    in_tasks: float
    """Seconds of all users in tasks."""
    waiting: float
    """Seconds of all users between tasks."""

    def since(self, before: "Spent") -> dict[str, float]:
        """Return what has been added to another record, by the names of the results."""
        return {
            "tasks": self.tasks - before.tasks,
            "task_ms": (self.in_tasks - before.in_tasks) * 1000,
            "wait_ms": (self.waiting - before.waiting) * 1000,
        }


def loaded(path: Path, url: str, tls: Tls) -> list[type[User]]:
    """Return the user classes of a locustfile, whose host is `url`. Raises Refused if it has none, or more than users.

    What the file prints goes where this process's standard output goes.
    """
    with _undisturbed(path):
        try:
            found, shapes = load_locustfile(str(path))
        except (Exception, SystemExit) as error:
            raise Refused(f"{path.name} cannot be loaded: {told(error, error.__traceback__, path)}.") from None
    if shapes:
        name = type(shapes[0]).__name__
        raise Refused(f"{path.name} has the load shape {name}, but --users says how many users there are.")
    if not found:
        raise Refused(f"{path.name} has no user class, such as class Shopper(locust.FastHttpUser).")
    for name, each in found.items():
        if each.fixed_count:
            raise Refused(f"{path.name}: {name} has a fixed_count, but the number of users changes: use weight.")
        if each.weight <= 0:
            raise Refused(f"{path.name}: {name} has the weight {each.weight}; it must be above 0.")
        if not each.tasks and not getattr(each, "functions", None):
            raise Refused(f"{path.name}: {name} has no task.")
        each.host = url
    if url.startswith("https:"):
        _check_certificates(tls)
    return [*found.values()]


def _check_certificates(tls: Tls) -> None:
    """Set how the clients of Locust's users check certificates, except for classes with settings of their own."""
    FastHttpUser.insecure, FastHttpUser.ssl_context_factory = tls.insecure, partial(context, tls)
    begin: Callable[..., None] = HttpUser.__init__

    def begin_checked(user: HttpUser, *arguments: Any, **named: Any) -> None:
        begin(user, *arguments, **named)
        user.client.verify = False if tls.insecure else tls.ca or True

    HttpUser.__init__ = begin_checked  # type: ignore[method-assign, assignment] # in this process only


def fewest(classes: list[type[User]]) -> int:
    """Return the number of users from which on there are some of each class, by their weights."""
    weights = [each.weight for each in classes]
    return -int(-sum(weights) // min(weights))


@contextmanager
def _undisturbed(path: Path) -> Iterator[None]:
    """Keep a module of the file's name, and let the folders that the file adds come last in the search for modules."""
    name, known = path.stem, {*sys.path}
    module = sys.modules.get(name)
    try:
        yield
    finally:
        sys.path[:] = [each for each in sys.path if each in known]
        sys.path += [each for each in (str(path.parent), os.getcwd()) if each not in known]
        if module is not None:
            sys.modules[name] = module


def options(url: str) -> Any:
    """Return the options that Locust's users find in their environment: its defaults, and the file's own."""
    found = get_parser(default_config_files=[]).parse_args([])
    found.host = url
    return found


def told(error: BaseException, traceback: TracebackType | None, path: Path) -> str:
    """Return an error in words, with the last line of the file that led to it."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{type(error).__name__}: {error.msg} ({Path(error.filename).name}, line {error.lineno})"
    lines = [number for frame, number in walk_tb(traceback) if frame.f_code.co_filename == str(path)]
    where = f" ({path.name}, line {lines[-1]})" if lines else ""
    first = str(error).partition("\n")[0].rstrip(".")
    return f"{type(error).__name__}{f': {first}' if first else ''}{where}"


def kind(error: Any) -> str:
    """Return the kind of an error that Locust has counted: those of a status without the URL, which may be many."""
    status = getattr(error, "code", None) if isinstance(error, LocustBadStatusCode) else None
    return f"status {status}" if status else str(error)


class OwnUsers:
    """The users of a locustfile at work. Their classes stay as they are; Locust's TaskSet tells when a task ends."""

    def __init__(self, path: Path, crowd: Event, stagger: Callable[[], float], share: Share) -> None:
        self.ended = EventHook()  # type: ignore[no-untyped-call] # untyped in Locust
        """An event for each task that has ended, with `context` like that of a request."""
        self.raised = Counter[str]()
        """The exceptions of tasks and of starts."""
        self._path, self._crowd, self._stagger, self._share = path, crowd, stagger, share
        self._turns = count()
        self._spent = Spent(0, 0.0, 0.0)
        self._at_work: dict[User, float] = {}
        """Users who do not wait, and since when (perf_counter)."""
        self._waiting: dict[User, tuple[float, float]] = {}
        """Users who wait: since when, and for how many seconds."""
        self._tasks: dict[User, float] = {}
        """The beginnings of unfinished tasks."""
        self._known: set[User] = set()
        locust.events.user_error.add_listener(self._note)  # type: ignore[no-untyped-call] # untyped in Locust
        logging.getLogger("locust.user").setLevel(logging.CRITICAL)  # it would write each exception into our log
        self._watch()

    @property
    def arrived(self) -> int:
        """The number of users who are ready for their first task, or have begun it."""
        return len(self._known)

    def spent(self) -> Spent:
        """Return what the users have done until now."""
        now = perf_counter()
        tasks, at_work, waiting = self._spent
        at_work += sum(now - since for since in self._at_work.values())
        waiting += sum(min(now - since, meant) for since, meant in self._waiting.values())
        return Spent(tasks, at_work, waiting)

    def hung_since(self, clock: float) -> int:
        """Return the number of unfinished tasks that began before `clock` (perf_counter)."""
        return sum(began < clock for began in self._tasks.values())

    def _watch(self) -> None:
        """Wrap the methods of Locust's TaskSet that run tasks and waits, so that both are recorded."""
        execute, sleep = TaskSet.execute_next_task, TaskSet._sleep

        def execute_next_task(tasks: TaskSet) -> None:
            user = tasks.user
            self._arrive(user)
            if hasattr(tasks._task_queue[0], "tasks"):  # a task set in this one, which reports its own tasks
                execute(tasks)  # type: ignore[no-untyped-call] # untyped in Locust
                return
            self._tasks[user] = perf_counter()
            try:
                execute(tasks)  # type: ignore[no-untyped-call] # see above
            finally:
                self._tasks.pop(user, None)
                self._spent = self._spent._replace(tasks=self._spent.tasks + 1)
                self.ended.fire(context={"user": user})  # type: ignore[no-untyped-call] # see above

        def waits(tasks: TaskSet, seconds: float) -> None:
            if tasks.user in self._tasks:  # a wait in a task is part of the task
                sleep(tasks, seconds)  # type: ignore[no-untyped-call] # see above
                return
            self._begins_to_wait(tasks.user, seconds)
            try:
                sleep(tasks, seconds)  # type: ignore[no-untyped-call] # see above
            finally:
                self._begins_to_work(tasks.user)

        TaskSet.execute_next_task = execute_next_task  # type: ignore[method-assign] # in this process only
        TaskSet._sleep = waits  # type: ignore[method-assign]

    def _arrive(self, user: User) -> None:
        """Delay the first task of a user until all users are there, then by a share of the time to spread them over."""
        if user in self._known:
            return
        self._known.add(user)
        user.greenlet.link(lambda _greenlet: self._leave(user))
        self._crowd.wait()
        gevent.sleep(self._share.number(next(self._turns)) * GOLDEN % 1 * self._stagger())
        self._at_work[user] = perf_counter()

    def _leave(self, user: User) -> None:
        self._known.discard(user)
        self._tasks.pop(user, None)
        self._settle(user)

    def _begins_to_wait(self, user: User, seconds: float) -> None:
        self._settle(user)
        self._waiting[user] = perf_counter(), seconds

    def _begins_to_work(self, user: User) -> None:
        self._settle(user)
        self._at_work[user] = perf_counter()

    def _settle(self, user: User) -> None:
        """Add what a user has been doing to what is spent."""
        tasks, at_work, waiting = self._spent
        now = perf_counter()
        if (began := self._at_work.pop(user, None)) is not None:
            at_work += now - began
        if (wait := self._waiting.pop(user, None)) is not None:
            waiting += min(now - wait[0], wait[1])
        self._spent = Spent(tasks, at_work, waiting)

    def _note(self, exception: Exception, tb: TracebackType | None, **_event: Any) -> None:
        self.raised[told(exception, tb, self._path)] += 1
        gevent.sleep(PAUSE)
