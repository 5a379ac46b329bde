"""The steps of every request, whichever framework received it: parse, wait, reply."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from time import perf_counter
from typing import Self

from contract.operation import Headers, Operation, options
from contract.operations import OPERATIONS, refusal
from contract.places import Place
from contract.problems import Problem, internal_error
from contract.replies import Reply, complete, served_by, server_timing
from contract.settings import Settings
from serving.metrics import LEFT, LoopTally

from .in_flight import InFlight
from .waits import Wait, open_waits

log = logging.getLogger("async_app")


class Steps:
    """The steps of one operation. Its replies carry the name `service`.

    If the operation waits, it occupies a place meanwhile (see contract/places.py).
    """

    def __init__(self, service: str, operation: Operation, wait: Wait | None, place: Place, settings: Settings) -> None:
        self.operation = operation
        self.wait = wait
        self.place = place
        self._service = service
        self._pid = os.getpid()  # the worker's PID: each worker creates its own application after the fork
        self._methods = operation.methods
        self._settings = settings
        self._tally = LoopTally(operation.name)

    async def __call__(self, method: str, target: str, headers: Headers, read: Callable[[], Awaitable[bytes]]) -> Reply:
        """Return the reply to a request, given its method, raw target, headers, and a function that reads its body."""
        if method == "OPTIONS" and self.operation.is_at(target):
            return measured(self._service, options(self._methods), perf_counter())
        if method == "OPTIONS" or method not in self._methods:
            return refused(self._service, method, target)
        began, waited = perf_counter(), None
        try:
            self.operation.admit(headers)
            body = await read() if self.operation.takes.from_body else b""
            asked = self.operation.parse(target, headers, self._settings, body)
            if self.wait is None:
                reply = self.operation.reply(asked, self._service)
            else:
                with self.place:
                    started = perf_counter()
                    answer = await self.wait(asked)  # holds a coroutine
                    waited = perf_counter() - started
                    reply = self.operation.reply(asked, answer)
                    if not isinstance(reply.body, bytes):
                        held = Held(reply.body, self.place)  # type: ignore[arg-type] # in this twin an async iterator
                        reply = reply._replace(body=held)
        except Problem as problem:
            reply = problem.reply()
        except Exception:
            log.exception("Exception on %s [%s]", target, method)
            reply = internal_error().reply()
        except asyncio.CancelledError:  # the client has left
            self._tally.count(LEFT, perf_counter() - began, waited)
            raise
        total = perf_counter() - began
        self._tally.count(reply.status, total, waited)
        who = served_by(self._service, self._pid, "loop")
        return complete(reply, who, server_timing(total, waited))


class Held:
    """A streamed body that holds a place until it is closed, even if only part of it was sent."""

    def __init__(self, chunks: AsyncIterator[bytes], place: Place) -> None:
        place.keep()
        self._chunks = chunks
        self._held = ExitStack()  # gives the place back only once, even if aclose() is called twice
        self._held.push(place)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._chunks)

    async def aclose(self) -> None:
        """Close the body, and give its place back."""
        with self._held:
            await self._chunks.aclose()  # type: ignore[attr-defined] # see contract.replies.Chunks


@asynccontextmanager
async def open_steps(service: str, settings: Settings) -> AsyncIterator[dict[str, Steps]]:
    """Open the resources that all operations share, and yield the steps by operation name.

    The resources are closed when the context exits.
    """
    in_flight = InFlight(settings.max_in_flight)
    async with open_waits(settings) as waits:
        yield {
            each.name: Steps(
                service, each, waits.get(each.name), in_flight if each.takes_a_place else Place(), settings
            )
            for each in OPERATIONS
        }


def refused(service: str, method: str, target: str) -> Reply:
    """Return the refusal of a request that no operation accepts: unknown path (404) or wrong method (405)."""
    return measured(service, refusal(method, target).reply(), perf_counter())


def measured(service: str, reply: Reply, began: float) -> Reply:
    """Return the reply with all its headers, among them the service, the process and the time since `began`."""
    who = served_by(service, os.getpid(), "loop")
    return complete(reply, who, server_timing(perf_counter() - began, None))
