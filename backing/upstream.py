"""python -m backing.upstream: the slow HTTP service behind /fetch, which waits as long as it is told."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from contract import ports
from contract.operation import Operation, options
from contract.operations import OPERATIONS
from contract.parameters import Duration, Nothing
from contract.problems import Problem, method_not_allowed, not_found
from contract.replies import Reply
from contract.settings import Settings
from serving import aiohttp_workers
from serving.command_line import ServeOptions, ServiceSpec
from serving.runner import runner
from serving.serve import main
from serving.sleep import sleep

SERVICE = ServiceSpec(
    name="backing.upstream",
    about="The slow upstream: one process that holds a coroutine for each request, as many as the machine can.",
    port=ports.UPSTREAM,
    worker_class=aiohttp_workers.DEFAULT,
    worker_classes=aiohttp_workers.CHOICES,
    threads_help="of no use here: nothing blocks",
)


async def delay(asked: Duration) -> None:
    """Wait once."""
    await sleep(asked.duration)


async def healthz(_asked: Nothing) -> None:
    """Do not wait at all."""


WAITS: dict[str, Callable[[Any], Awaitable[None]]] = {"delay": delay, "healthz": healthz}
"""What it serves of the contract, and how each waits."""


def create_app(settings: Settings) -> web.Application:
    """The upstream as an aiohttp application."""
    app = web.Application()
    for operation in OPERATIONS:
        if operation.name in WAITS:
            path = operation.path.replace("}", ":[^/]*}")
            app.router.add_route("*", path, handler_of(operation, settings))
    app.router.add_route("*", "/{path:(?s:.*)}", refuse_path)
    return app


def handler_of(operation: Operation, settings: Settings) -> Handler:
    """The handler of one operation, whatever the method."""

    async def handler(request: web.Request) -> web.Response:
        try:
            if request.method == "OPTIONS":
                return respond(options(operation.methods))
            if request.method not in operation.methods:
                raise method_not_allowed(request.method, operation.methods)
            asked = operation.parse(request.raw_path, request.headers, settings)
            await WAITS[operation.name](asked)
            return respond(operation.reply(asked, None))
        except Problem as problem:
            return respond(problem.reply())

    return handler


async def refuse_path(request: web.Request) -> web.Response:
    """Refuse any other path."""
    return respond(not_found(request.raw_path).reply())


def respond(reply: Reply) -> web.Response:
    """The reply as aiohttp's response. None of the upstream's comes piece by piece."""
    assert isinstance(reply.body, bytes)
    return web.Response(
        body=reply.body, status=reply.status, headers={**reply.headers, "Content-Type": reply.content_type}
    )


def load(serve: ServeOptions) -> Any:
    """What aiohttp's worker asks for: a coroutine function that makes the runner."""

    async def create_runner() -> web.AppRunner:
        return runner(create_app(serve.settings), drain=0)  # whoever stops it waits for nobody

    return create_runner


if __name__ == "__main__":
    main(SERVICE, load)
