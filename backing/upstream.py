"""The slow HTTP service behind /fetch, which waits as long as a request says: `python -m backing.upstream`."""

from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from contract import index, ports
from contract.operation import Operation, options
from contract.operations import OPERATIONS
from contract.parameters import Duration
from contract.problems import Problem, method_not_allowed, not_found
from contract.replies import Reply
from contract.services import UPSTREAM
from contract.settings import Settings
from serving import aiohttp_workers
from serving.command_line import ServeOptions, ServiceSpec
from serving.runner import proceed, runner
from serving.serve import main
from serving.sleep import sleep

SERVICE = ServiceSpec(
    name=UPSTREAM,
    about="The slow upstream: one process that holds a coroutine for each request, without a limit on their number.",
    port=ports.UPSTREAM,
    worker_class=aiohttp_workers.DEFAULT,
    worker_classes=aiohttp_workers.CHOICES,
    threads_help="ignored: this service makes no blocking calls",
)


async def delay(asked: Duration) -> None:
    """Wait for `duration` seconds."""
    await sleep(asked.duration)


SERVED = tuple(each for each in OPERATIONS if each.name in ("index", "healthz", "favicon", "delay"))
"""The operations of the contract that the upstream serves."""


def create_app(settings: Settings) -> web.Application:
    """Return the upstream as an aiohttp application."""
    app = web.Application()
    add_route = partial(app.router.add_route, expect_handler=proceed)
    for operation in SERVED:
        path = operation.path.replace("}", ":[^/]*}")
        add_route("*", path, handler_of(operation, settings))
    add_route("*", "/{path:(?s:.*)}", refuse_path)
    return app


def handler_of(operation: Operation, settings: Settings) -> Handler:
    """Return the handler of one operation, for all methods."""

    async def handler(request: web.Request) -> web.Response:
        try:
            if request.method == "OPTIONS":
                return respond(options(operation.methods))
            if request.method not in operation.methods:
                raise method_not_allowed(request.method, operation.methods)
            operation.admit(request.headers)
            asked = operation.parse(request.raw_path, request.headers, settings)
            if operation.name == "index":
                return respond(index.reply(SERVED, asked, UPSTREAM))
            if operation.name == "delay":
                await delay(asked)
            return respond(operation.reply(asked, UPSTREAM))
        except Problem as problem:
            return respond(problem.reply())

    return handler


async def refuse_path(request: web.Request) -> web.Response:
    """Refuse a request for an unknown path."""
    return respond(not_found(request.raw_path).reply())


def respond(reply: Reply) -> web.Response:
    """Return the reply as an aiohttp response. The upstream streams no bodies."""
    assert isinstance(reply.body, bytes)
    return web.Response(
        body=reply.body, status=reply.status, headers={**reply.headers, "Content-Type": reply.content_type}
    )


def load(serve: ServeOptions) -> Any:
    """Return the coroutine function that makes the runner of aiohttp's worker."""

    async def create_runner() -> web.AppRunner:
        return runner(create_app(serve.settings), drain=0)  # a stop does not wait for requests in flight

    return create_runner


if __name__ == "__main__":
    main(SERVICE, load)
