"""The one table of endpoints. Routes, the index, the OpenAPI document and the conformance tests are made from it."""

from functools import cache

from . import bodies, index, openapi
from .operation import Operation
from .parameters import Duration, Fanout, Meeting, Nothing, Preferences
from .replies import Reply


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
        waits_for="nothing",
        summary="What this service is, and every endpoint with a curl line.",
        example="/",
        reply=_index,
    ),
    Operation(
        name="healthz",
        path="/healthz",
        takes=Nothing,
        waits_for="nothing",
        summary="Whether the service is up.",
        example="/healthz",
        reply=bodies.health,
    ),
    Operation(
        name="openapi",
        path="/openapi.json",
        takes=Nothing,
        waits_for="nothing",
        summary="This contract as an OpenAPI 3.1 document.",
        example="/openapi.json",
        reply=_openapi,
    ),
    Operation(
        name="delay",
        path="/delay/{duration}",
        takes=Duration,
        waits_for="a timer",
        summary="One wait.",
        example="/delay/1s",
        reply=bodies.duration,
        refusals=(503,),
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
        refusals=(503,),
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
        name="cpu",
        path="/cpu/{duration}",
        takes=Duration,
        waits_for="nothing: the control",
        summary="Uses that much CPU time of its thread.",
        example="/cpu/250ms",
        reply=bodies.duration,
        refusals=(503,),
    ),
    Operation(
        name="blocking",
        path="/blocking/{duration}",
        takes=Duration,
        waits_for="a blocking call",
        summary="The pitfall: a blocking sleep, which on an event loop stops every other request too.",
        example="/blocking/1s",
        reply=bodies.duration,
        refusals=(503,),
    ),
    Operation(
        name="offload",
        path="/offload/{duration}",
        takes=Duration,
        waits_for="a blocking call in a thread",
        summary="The repair: the same blocking sleep, kept off the event loop.",
        example="/offload/1s",
        reply=bodies.duration,
        refusals=(503,),
    ),
)
"""Every endpoint, in the order in which the index shows them."""
