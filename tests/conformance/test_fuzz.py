"""Random requests get the same status and body from every application. The seed is fixed: each run sends the same."""

import fcntl
import os
import pickle
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from random import Random

import pytest

from contract.operation import Operation
from contract.operations import OPERATIONS
from tests.conformance.support.cases import common
from tests.conformance.support.fleet import APPLICATIONS, NOTHING_BEHIND, Fleet
from tests.conformance.support.wire import NotAnswered, ask

DRAWN = 2000
SEED = 1996
PLAIN = re.compile(r"/[a-z]*(/[\w-][\w.-]*)?(\?\w+=[\w.-]+)?", re.ASCII)
"""Targets that frameworks neither decode nor normalise. What `contract` makes of these is tested without a service."""
AT_ONCE = 4

METHODS = [*["GET"] * 12, "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"]
VALUES = [
    *(
        "0",
        "1ms",
        "0.001",
        ".002",
        "1e-3",
        "001",
        "+0",
        "-0",
        "-1",
        "1_0",
        "0x1",
        "nan",
        "inf",
        "1s",
        "9999s",
        "1m",
        "0.05",
    ),
    *(
        "",
        " ",
        "%20",
        "%00",
        "%zz",
        "%",
        "%2F",
        "..",
        "%2e%2e",
        "a",
        "lunch",
        "Lunch",
        "%C3%A9",
        "%ff",
        "1KiB",
    ),
    *(
        "64KiB",
        "1MiB",
        "2",
        "1",
        "idiomatic",
        "sequential",
        "concurrent",
        "Concurrent",
        "200",
        "204x",
        "404",
        "99",
        "600",
    ),
]
ODD = list("%/?&=;+.~!$'()*,:@[]{}|\\^`\"<>0a")
NAMES = [
    "n",
    "delay",
    "mode",
    "duration",
    "timeout",
    "size",
    "count",
    "numbytes",
    "code",
    "_",
    "_x",
    "N",
    "x",
    "delay%20",
    "",
]
HEADERS = [
    {},
    {"Accept": "text/html"},
    {"Accept": "*/*;q=0"},
    {"Accept": ",;q=,text/html;q=2"},
    {"Range": "bytes=0-1"},
    {"If-None-Match": "*"},
    {"Cookie": "a=b; =; c"},
    {"Content-Type": "text/html; charset=nothing"},
    {"X-Forwarded-Host": "other.test"},
]


@dataclass(frozen=True)
class Request:
    """One random request."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@cache
def requests() -> tuple[Request, ...]:
    """Return the random requests. All are HTTP in ASCII: servers refuse anything else by themselves."""
    return tuple(request for request in drawn(Random(SEED)) if request.body or not PLAIN.fullmatch(request.target))


def drawn(random: Random) -> Iterator[Request]:
    # /metrics changes with every request, and the barrier would let concurrent requests of this test meet
    operations = [each for each in OPERATIONS if each.name not in {"metrics", "barrier"}]
    for number in range(DRAWN):
        operation = random.choice(operations)
        target = mutated(random, f"{path(random, operation, number)}{query(random, operation)}")
        method = "POST" if operation.method == "POST" and random.random() < 0.7 else random.choice(METHODS)
        body = random.choice([b"", b"soup", b"\xff", b"\0", b"x" * 4096, b"x" * 4097, random.randbytes(9)])
        yield Request(method, target, random.choice(HEADERS), body if method == "POST" else b"")


def path(random: Random, operation: Operation, number: int) -> str:
    before, parameter, after = operation.path.partition("{")
    if not parameter:
        return before
    value = f"{operation.name}-{number}" if operation.name in {"ask", "answer"} else random.choice(VALUES)
    return before + value + after.partition("}")[2]


def query(random: Random, operation: Operation) -> str:
    """Return a query of parameters that the operation has, or has not, once or twice."""
    names = [*operation.takes.model_fields, *random.choices(NAMES, k=1)]
    chosen = random.choices(names, k=random.choice([0, 0, 1, 1, 2, 3]))
    pairs = [f"{name}={random.choice(VALUES)}" if random.random() < 0.95 else name for name in chosen]
    return "?" + "&".join(pairs) if pairs else ""


def mutated(random: Random, target: str) -> str:
    """Return the target with up to three characters replaced, removed or inserted after the first."""
    while random.random() < 0.3 and len(target) > 2:
        place = random.randrange(1, len(target))
        target = target[:place] + random.choice([*ODD, ""]) + target[place + random.choice([0, 1]) :]
    return target.replace(" ", "+")


Answers = list[tuple[int, bytes] | str]
"""The status and body of each response, or what came instead of a response."""


def answers(url: str) -> Answers:
    """Return status and body of every request, in order."""

    def answer(request: Request) -> tuple[int, bytes] | str:
        try:
            got = ask(url, request.target, request.method, request.headers, request.body)
        except NotAnswered as error:
            return str(error)
        return got.status, re.sub(rb'"timestamp":\d{13}', b'"timestamp":0', common(got))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [*pool.map(answer, requests())]


@pytest.fixture(scope="module")
def reference(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Answers]:
    """Return a function that returns the answers of flask. One xdist worker asks for them; the others read its file."""
    folder = tmp_path_factory.getbasetemp()
    shared = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "fuzz.pickle"

    @cache
    def of_flask() -> Answers:
        with shared.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed
            if file.seek(0, os.SEEK_END) == 0:
                pickle.dump(answers(fleet("flask", workers=1, environment=NOTHING_BEHIND).url), file)
            file.seek(0)
            known: Answers = pickle.load(file)
            return known

    return of_flask


@pytest.mark.parametrize("name", [name for name in APPLICATIONS if name != "flask"])
def test_random_requests_are_answered_as_flask_answers_them(
    fleet: Fleet, name: str, reference: Callable[[], Answers]
) -> None:
    found = answers(fleet(name, workers=1, environment=NOTHING_BEHIND).url)
    different = [
        (request, expected, got)
        for request, expected, got in zip(requests(), reference(), found, strict=True)
        if expected != got
    ]
    assert different == []


def test_random_requests_are_of_every_kind(reference: Callable[[], Answers]) -> None:
    statuses = {answer[0] for answer in reference() if isinstance(answer, tuple)}
    assert statuses >= {200, 400, 404, 405, 413, 503}
    assert 500 not in statuses
