"""Every task as a learner meets it: the starting point, the solution, and repairs that only seem to be one."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from loadtest.exercises.tasks import TASKS, WORKSHOP, check, start
from loadtest.exercises.trial import Observation

pytestmark = pytest.mark.slow

AT_ONCE = 6
"""Checks that run at the same time: they mostly wait."""

FAULTS = {
    1: "1 of 5 requests was in flight",
    2: "1 of 5 requests was in flight",
    3: "8 of 40 requests were in flight",
    4: "100 of 200 requests were in flight",
    5: "the event loop was held",
    6: "of 40 requests were in flight",
    7: "5 of 20 requests were in flight",
    8: "the event loop was held",
    9: "no answer got in",
    10: "users would have said",
    11: "0 of 4 further ones were refused",
    12: "the supplier refused 40 requests",
    13: "1 of 8 requests was in flight",
}
"""A part of the observation that fails a starting point."""

Change = tuple[str, str]

SHAM: dict[str, tuple[int, list[Change], str]] = {
    "a thread for each request": (
        3,
        [("Service().run()", 'app.run(port=int(os.environ["PORT"]))')],
        "With 100 users, 100 requests were in flight",
    ),
    "a name that is not defined": (
        5,
        [("{UPSTREAM}", "{UPSTREM}")],
        "did not reach the upstream: an answer has status 500 (line 20: NameError: name 'UPSTREM' is not defined",
    ),
    "a connection for each user": (
        7,
        [("max_size=5", "max_size=20")],
        "20 connections to the database: 5 are allowed",
    ),
    "threads that compute": (
        8,
        [
            ("import os", "import asyncio\nimport os"),
            ('str(digits(int(request.query["n"])))', 'str(await asyncio.to_thread(digits, int(request.query["n"])))'),
        ],
        "One process made both",
    ),
    "nobody may ask": (
        9,
        [("    return answers.", '    return "later", 503\n    return answers.')],
        "at least 3 must wait",
    ),
    "a figure out of thin air": (
        10,
        [("latencies[int(0.9 * REQUESTS) - 1]", "99")],
        "users would have said",
    ),
    "a queue in place of a refusal": (
        11,
        [
            ("import os", "import asyncio\nimport os"),
            ("routes =", "places = asyncio.Semaphore(8)\nroutes ="),
            ("    async with aiohttp", "    async with places, aiohttp"),
        ],
        "0 of 4 further ones were refused",
    ),
    "a coroutine that blocks as before": (
        13,
        [("def filled", "async def filled"), ("text=filled", "text=await filled")],
        "1 of 8 requests was in flight",
    ),
}
"""Changes of a starting point that do not do what the task asks, with a part of the observation that says so."""

Run = Callable[[str, int], list[Observation]]


def shams(folder: Path) -> Iterator[tuple[str, int, Path]]:
    for name, (number, changes, _) in SHAM.items():
        file = start(number, folder / name.replace(" ", "_"))
        text = file.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        file.write_text(text)
        yield name, number, file


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Begin all checks, and return the function that gives the observations of one of them."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        begun: dict[tuple[str, int], Future[list[Observation]]] = {}
        for kind in ("solutions", "tasks"):
            for number, task in TASKS.items():
                begun[kind, number] = pool.submit(check, number, WORKSHOP / kind / task.file)
        for name, number, file in shams(tmp_path_factory.mktemp("shams")):
            begun[name, number] = pool.submit(check, number, file)
        yield lambda kind, number: begun[kind, number].result()


@pytest.mark.parametrize("number", TASKS)
def test_every_solution_passes(seen: Run, number: int) -> None:
    observations = seen("solutions", number)
    assert observations
    assert [each.sentence for each in observations if not each.passed] == []


@pytest.mark.parametrize("number", TASKS)
def test_every_starting_point_fails_and_says_what_was_seen(seen: Run, number: int) -> None:
    failed = [each.sentence for each in seen("tasks", number) if not each.passed]
    assert len(failed) == 1
    assert FAULTS[number] in failed[0]


@pytest.mark.parametrize("name", SHAM)
def test_a_repair_that_only_seems_to_be_one_fails(seen: Run, name: str) -> None:
    number, _, sentence = SHAM[name]
    assert [sentence in each.sentence for each in seen(name, number) if not each.passed] == [True]
