"""The one table of endpoints. Routes, the index, the OpenAPI document and the conformance tests are made from it."""

from functools import cache

from . import bodies, index, openapi
from .operation import Operation
from .parameters import Answer, Calls, Drip, Duration, Events, Fanout, File, Meeting, Nothing, Preferences, Question
from .problems import Problem, method_not_allowed, not_found
from .replies import EVENTS, METRICS, TEXT, Reply


def _index(asked: Preferences, _answer: None) -> Reply:
    return index.reply(OPERATIONS, asked)


def _openapi(_asked: Nothing, _answer: None) -> Reply:
    return _document()


@cache
def _document() -> Reply:
    return openapi.reply(OPERATIONS)


OPERATIONS = (
    Operation(
        name="index",
        path="/",
        takes=Preferences,
        summary="What this service is, and every endpoint with a curl line.",
        example="/",
        reply=_index,
        refusals=(),
    ),
    Operation(
        name="healthz",
        path="/healthz",
        takes=Nothing,
        summary="Whether the service is up.",
        example="/healthz",
        reply=bodies.health,
        refusals=(),
    ),
    Operation(
        name="openapi",
        path="/openapi.json",
        takes=Nothing,
        summary="This contract as an OpenAPI 3.1 document.",
        example="/openapi.json",
        reply=_openapi,
        refusals=(),
    ),
    Operation(
        name="delay",
        path="/delay/{duration}",
        takes=Duration,
        waits_for="a timer",
        summary="One wait.",
        example="/delay/1s",
        reply=bodies.duration,
    ),
    Operation(
        name="fanout",
        path="/fanout",
        takes=Fanout,
        waits_for="n timers",
        summary="n waits: one after the other (sequential), at once (concurrent), or whichever a plain handler of this "
        "kind of service would do (idiomatic).",
        example="/fanout?n=5&delay=1s",
        reply=bodies.fanout,
    ),
    Operation(
        name="barrier",
        path="/barrier",
        takes=Meeting,
        waits_for="other requests",
        summary="Answers once n requests are in flight in the same process; else 504.",
        example="/barrier?n=3&timeout=5s",
        reply=bodies.meeting,
        refusals=(503, 504),
    ),
    Operation(
        name="fetch",
        path="/fetch",
        takes=Calls,
        waits_for="the network",
        summary="n requests to a slow HTTP service, through a pool of POOL_SIZE connections.",
        example="/fetch?delay=1s",
        reply=bodies.fetched,
        refusals=(502, 503, 504),
    ),
    Operation(
        name="query",
        path="/query",
        takes=Calls,
        waits_for="a database",
        summary="n slow queries to PostgreSQL, through a pool of POOL_SIZE connections.",
        example="/query?delay=1s",
        reply=bodies.queried,
    ),
    Operation(
        name="file",
        path="/file",
        takes=File,
        waits_for="a disk",
        summary="Writes a file, has it written to the disk, reads it back and deletes it.",
        example="/file?size=1MiB",
        reply=bodies.file,
        refusals=(503, 507),
    ),
    Operation(
        name="ask",
        path="/ask/{question}",
        takes=Question,
        waits_for="a person",
        summary="Answers once somebody has posted an answer, to whichever process; else 504.",
        example="/ask/lunch?timeout=10s",
        reply=bodies.asked_for,
        refusals=(503, 504),
    ),
    Operation(
        name="answer",
        path="/answer/{question}",
        takes=Answer,
        waits_for="a database, briefly",
        summary="The answer: the body of the request, for the one who asks or the next who will.",
        example="/answer/lunch",
        reply=bodies.answered,
        status="202",
        takes_a_place=False,  # or those who wait for it could take them all
    ),
    Operation(
        name="drip",
        path="/drip",
        takes=Drip,
        waits_for="a slow stream",
        summary="Bytes, one at a time.",
        example="/drip?duration=2s&numbytes=10",
        reply=bodies.drip,
        status="default",
        media_type=TEXT,
    ),
    Operation(
        name="sse",
        path="/sse",
        takes=Events,
        waits_for="a slow stream",
        summary="Server-sent events, one at a time.",
        example="/sse?count=5&duration=2s",
        reply=bodies.events,
        media_type=EVENTS,
    ),
    Operation(
        name="cpu",
        path="/cpu/{duration}",
        takes=Duration,
        waits_for="nothing: the control",
        summary="Uses that much CPU time of its thread.",
        example="/cpu/250ms",
        reply=bodies.duration,
    ),
    Operation(
        name="blocking",
        path="/blocking/{duration}",
        takes=Duration,
        waits_for="a blocking call",
        summary="The pitfall: a blocking sleep, which on an event loop stops every other request too.",
        example="/blocking/1s",
        reply=bodies.duration,
    ),
    Operation(
        name="offload",
        path="/offload/{duration}",
        takes=Duration,
        waits_for="a blocking call in a thread",
        summary="The repair: the same blocking sleep, kept off the event loop.",
        example="/offload/1s",
        reply=bodies.duration,
    ),
    Operation(
        name="metrics",
        path="/metrics",
        takes=Nothing,
        summary="What the service has counted and timed, for Prometheus.",
        example="/metrics",
        reply=bodies.metrics,
        media_type=METRICS,
        refusals=(),
        takes_a_place=False,
    ),
)
"""Every endpoint, in the order in which the index shows them."""


def refusal(method: str, target: str) -> Problem:
    """What is said of a request that no operation takes: 405 where only its method is not one of those at `target`."""
    found = next((operation for operation in OPERATIONS if operation.is_at(target)), None)
    if found is None or method in found.methods:
        return not_found(target)
    return method_not_allowed(method, found.methods)
