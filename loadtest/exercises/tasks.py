"""The tasks of the lessons: their starting points, hints and checks."""

import ast
import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from socket import create_server, socket

import psycopg

import workshop
from backing import BackingFailed
from backing.environment import VARIABLES, Need, backing
from loadtest.processes.own import free_port
from loadtest.results.atomic import write
from serving.serve import raise_descriptors

from .checks import database, latency, loop, overlap, overload, people
from .checks.database import named
from .hints import HINTS
from .sandbox import Sandbox, Stopped, sandbox
from .trial import READY, TICK, Observation, Trial
from .upstream import Upstream

WORKSHOP = Path(workshop.__file__).parent


@dataclass(frozen=True)
class Task:
    """A task of a lesson.

    `check` yields what is seen. `needs`: what must run for it. `service` is False for a program that ends by itself.
    `upstream_takes`: the requests that the upstream takes at once, None for any number.
    """

    number: int
    slug: str
    brief: str
    hints: tuple[str, ...]
    check: Callable[[Trial], AsyncIterator[Observation]]
    needs: tuple[Need, ...] = ()
    service: bool = True
    upstream_takes: int | None = None

    @property
    def file(self) -> str:
        """The name of the file that the learner changes."""
        return file_of(self.number, self.slug)


def file_of(number: int, slug: str) -> str:
    """Return the name of a task's file."""
    return f"{number:02}_{slug}.py"


def _task(
    number: int,
    check: Callable[[Trial], AsyncIterator[Observation]],
    needs: tuple[Need, ...] = (),
    upstream_takes: int | None = None,
    *,
    service: bool = True,
) -> Task:
    slug = check.__name__
    brief = ast.get_docstring(ast.parse((WORKSHOP / "tasks" / file_of(number, slug)).read_text(encoding="utf-8")))
    assert brief is not None
    return Task(number, slug, brief, HINTS[number], check, needs, service, upstream_takes)


TASKS: Mapping[int, Task] = {
    each.number: each
    for each in (
        _task(1, overlap.in_a_row),
        _task(2, overlap.slots),
        _task(3, overlap.threads),
        _task(4, overlap.coroutines),
        _task(5, loop.careless),
        _task(6, overlap.repair),
        _task(7, database.database, needs=("database",)),
        _task(8, loop.computing),
        _task(9, people.people),
        _task(10, latency.latency, service=False),
        _task(11, overload.overload),
        _task(12, overlap.decide, upstream_takes=overlap.SUPPLIER_TAKES),
        _task(13, overlap.find),
    )
}
"""The tasks by the numbers of their lessons."""


def task(number: int) -> Task:
    """Return a task. Raises ValueError with a sentence if there is none of this number."""
    if number not in TASKS:
        raise ValueError(f"There is no task {number}: the tasks are numbered from 1 to {max(TASKS)}.")
    return TASKS[number]


def start(number: int, folder: Path) -> Path:
    """Copy the starting point of a task into a folder, which is made if it is missing. Return the path of the copy.

    Raises ValueError with a sentence if the file exists, which is never overwritten, or cannot be written.
    """
    file = task(number).file
    text = (WORKSHOP / "tasks" / file).read_text(encoding="utf-8")
    copy = folder / file
    if copy.exists():
        raise ValueError(f"{copy} exists and is not overwritten: change it, or name another folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return write(copy, text)
    except OSError as error:
        raise ValueError(f"{copy} cannot be written: {error.strerror}.") from None


def check(number: int, file: Path) -> list[Observation]:
    """Run a learner's file and return what was seen; the task is done if all observations passed.

    Raises Stopped with a sentence if the file ends, or is stopped at a limit, before that, ValueError with a sentence
    if it cannot be read, and BackingFailed if the database that a task needs does not start or cannot be used.
    """
    asked = task(number)
    if file.exists() and not file.is_file():
        raise ValueError(f"{file} cannot be read: it is not a regular file.")
    try:
        file.read_bytes()
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}.") from None
    raise_descriptors()
    try:
        return _checked(asked, file)
    except psycopg.Error as error:  # that of this process: the learner's file has its own
        why = str(error).partition("\n")[0]
        raise BackingFailed(f"The database that {VARIABLES['database']} names cannot be used: {why}") from None


def _checked(asked: Task, file: Path) -> list[Observation]:
    with create_server(("127.0.0.1", 0)) as listener, backing(asked.needs) as running:
        environment = {**running.environment, VARIABLES["upstream"]: f"http://127.0.0.1:{listener.getsockname()[1]}"}
        if "database" in asked.needs:
            environment[VARIABLES["database"]] = named(environment[VARIABLES["database"]])
        port = free_port() if asked.service else 0
        with sandbox(file, environment, port) as box:
            if asked.service:
                box.listens()
            return asyncio.run(_observations(asked, box, listener, f"http://127.0.0.1:{port}", environment))


async def _observations(
    asked: Task, box: Sandbox, listener: socket, url: str, environment: Mapping[str, str]
) -> list[Observation]:
    upstream = Upstream(asked.upstream_takes)
    trial = Trial(box, url, upstream, environment.get(VARIABLES["database"], ""))
    async with upstream.served(listener), trial:
        work = asyncio.create_task(_work(asked, trial))
        try:
            while not work.done():
                await asyncio.wait([work], timeout=TICK)
                box.check()
                if asked.service and box.ended() is not None:
                    raise Stopped(box.early_end())
        finally:
            work.cancel()
        return work.result()


async def _work(asked: Task, trial: Trial) -> list[Observation]:
    if asked.service and not await trial.ready():
        return [Observation(f"GET /healthz was not answered within {READY:g} s.", False)]
    return [each async for each in asked.check(trial)]
