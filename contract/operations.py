"""The table of endpoints, the only source of the routes, index, OpenAPI document and conformance tests."""

from functools import cache

from . import bodies, icon, index, openapi
from .operation import Operation
from .parameters import Answer, Calls, Drip, Duration, Events, Fanout, File, Meeting, Nothing, Preferences, Question
from .problems import Problem, method_not_allowed, not_found
from .replies import EVENTS, METRICS, SVG, TEXT, Reply


def _index(asked: Preferences, service: str) -> Reply:
    return index.reply(OPERATIONS, asked, service)


def _openapi(_asked: Nothing, _service: str) -> Reply:
    return _document()


@cache
def _document() -> Reply:
    return openapi.reply(OPERATIONS)


OPERATIONS = (
    Operation(
        name="index",
        path="/",
        takes=Preferences,
        summary="Describes the service and lists every endpoint with a curl command.",
        example="/",
        reply=_index,
        refusals=(),
    ),
    Operation(
        name="healthz",
        path="/healthz",
        takes=Nothing,
        summary="Reports that the service is up.",
        example="/healthz",
        reply=bodies.health,
        refusals=(),
    ),
    Operation(
        name="openapi",
        path="/openapi.json",
        takes=Nothing,
        summary="Returns this API as an OpenAPI 3.1 document.",
        example="/openapi.json",
        reply=_openapi,
        refusals=(),
    ),
    Operation(
        name="favicon",
        path="/favicon.ico",
        takes=Nothing,
        summary="Returns the icon of the service, for the tab of a browser.",
        example="/favicon.ico",
        reply=icon.favicon,
        media_type=SVG,
        refusals=(),
    ),
    Operation(
        name="delay",
        path="/delay/{duration}",
        takes=Duration,
        waits_for="a timer",
        summary="Waits once.",
        example="/delay/1s",
        reply=bodies.duration,
    ),
    Operation(
        name="fanout",
        path="/fanout",
        takes=Fanout,
        waits_for="n timers",
        summary="Waits n times: one wait after the other (sequential), all at once (concurrent), or as a plain handler "
        "of this kind of service would (idiomatic).",
        example="/fanout?n=5&delay=1s",
        reply=bodies.fanout,
    ),
    Operation(
        name="barrier",
        path="/barrier",
        takes=Meeting,
        waits_for="other requests",
        summary="Responds when n requests are in flight in the same process; 504 on timeout.",
        example="/barrier?n=3&timeout=5s",
        reply=bodies.meeting,
        refusals=(503, 504),
    ),
    Operation(
        name="fetch",
        path="/fetch",
        takes=Calls,
        waits_for="the network",
        summary="Sends n requests to a slow HTTP service, through a pool of POOL_SIZE connections.",
        example="/fetch?delay=1s",
        reply=bodies.fetched,
        refusals=(502, 503, 504),
    ),
    Operation(
        name="query",
        path="/query",
        takes=Calls,
        waits_for="a database",
        summary="Sends n slow queries to PostgreSQL, through a pool of POOL_SIZE connections.",
        example="/query?delay=1s",
        reply=bodies.queried,
    ),
    Operation(
        name="file",
        path="/file",
        takes=File,
        waits_for="a disk",
        summary="Writes a file, syncs it to the disk, reads it back and deletes it.",
        example="/file?size=1MiB",
        reply=bodies.file,
        refusals=(503, 507),
    ),
    Operation(
        name="ask",
        path="/ask/{question}",
        takes=Question,
        waits_for="a person",
        summary="Long poll: responds when an answer is posted to any process; 504 on timeout.",
        example="/ask/lunch?timeout=10s",
        reply=bodies.asked_for,
        refusals=(503, 504),
    ),
    Operation(
        name="answer",
        path="/answer/{question}",
        takes=Answer,
        waits_for="a database, briefly",
        summary="Takes the request body as the answer, for a waiting client or the next client to ask.",
        example="/answer/lunch",
        reply=bodies.answered,
        status="202",
        takes_a_place=False,  # clients that wait for an answer could hold every place
    ),
    Operation(
        name="drip",
        path="/drip",
        takes=Drip,
        waits_for="a slow stream",
        summary="Streams bytes, one at a time.",
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
        summary="Streams server-sent events, one at a time.",
        example="/sse?count=5&duration=2s",
        reply=bodies.events,
        media_type=EVENTS,
    ),
    Operation(
        name="cpu",
        path="/cpu/{duration}",
        takes=Duration,
        waits_for="nothing (control)",
        summary="Uses the given CPU time on its thread.",
        example="/cpu/250ms",
        reply=bodies.duration,
    ),
    Operation(
        name="blocking",
        path="/blocking/{duration}",
        takes=Duration,
        waits_for="a blocking call",
        summary="The pitfall: a blocking sleep. On an event loop it stops every other request too.",
        example="/blocking/1s",
        reply=bodies.duration,
    ),
    Operation(
        name="offload",
        path="/offload/{duration}",
        takes=Duration,
        waits_for="a blocking call in a thread",
        summary="The fix: the same blocking sleep, kept off the event loop.",
        example="/offload/1s",
        reply=bodies.duration,
    ),
    Operation(
        name="metrics",
        path="/metrics",
        takes=Nothing,
        summary="Returns the service's counters and timings, for Prometheus.",
        example="/metrics",
        reply=bodies.metrics,
        media_type=METRICS,
        refusals=(),
        takes_a_place=False,
    ),
)
"""Every endpoint, in the order in which the index shows them."""


def refusal(method: str, target: str) -> Problem:
    """Return the problem for a request that no operation accepts: 405 if only its method is wrong, else 404."""
    found = next((operation for operation in OPERATIONS if operation.is_at(target)), None)
    if found is None or method in found.methods:
        return not_found(target)
    return method_not_allowed(method, found.methods)
