"""The metrics of services that have replicas, summed: `python -m backing.replica_metrics sync_app:8001 async_app:8002`.

`GET /sync_app` asks every address that the name sync_app stands for, at this moment, for its metrics. Behind a load
balancer `GET /metrics` would otherwise be that of one replica by chance.
"""

import argparse
import asyncio
import socket
from collections.abc import Mapping, Sequence

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from contract import replies

from .summed_metrics import exposition

PATIENCE = 10.0
"""Seconds in which a replica must answer. A blocking service answers once a slot is free."""

SESSION = web.AppKey("session", ClientSession)


async def addresses(host: str, port: int) -> list[str]:
    """Return the addresses of all replicas as `IP:PORT`, or none if the name is unknown."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return []
    return sorted({f"{address[0]!s}:{port}" for *_, address in found})


async def metrics_of(session: ClientSession, address: str) -> str | None:
    """Return the metrics of one replica, or None if it does not answer."""
    try:
        async with session.get(f"http://{address}/metrics") as response:
            return await response.text() if response.status == 200 else None
    except (ClientError, TimeoutError, UnicodeDecodeError):
        return None


def create_app(services: Mapping[str, int]) -> web.Application:
    """Return the application that sums metrics. `services`: the port of each by its host name."""

    async def summed(request: web.Request) -> web.Response:
        name = request.match_info["service"]
        if name not in services:
            raise web.HTTPNotFound(text=f"Metrics are summed of {' and '.join(services)}; got {name}.\n")
        found = await addresses(name, services[name])
        texts = await asyncio.gather(*(metrics_of(request.app[SESSION], address) for address in found))
        if not any(text is not None for text in texts):
            raise web.HTTPServiceUnavailable(text=f"No replica of {name} answers.\n")
        try:
            body = exposition(dict(zip(found, texts, strict=True)))
        except ValueError as fault:
            raise web.HTTPBadGateway(text=f"A replica of {name} answers without metrics.\n") from fault
        return web.Response(body=body, headers={"Content-Type": replies.METRICS})

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def session(app: web.Application) -> None:
        app[SESSION] = ClientSession(timeout=ClientTimeout(total=PATIENCE))

    async def close(app: web.Application) -> None:
        await app[SESSION].close()

    app = web.Application()
    app.on_startup.append(session)
    app.on_cleanup.append(close)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/{service}", summed)
    return app


def service(text: str) -> tuple[str, int]:
    """Return the host name and the port of `HOST:PORT`."""
    host, colon, port = text.partition(":")
    if not (host and colon and port.isascii() and port.isdigit() and 0 < int(port) <= 65535):
        raise argparse.ArgumentTypeError(f"a service is HOST:PORT, such as sync_app:8001; got {text}")
    return host, int(port)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the summed metrics until a signal."""
    parser = argparse.ArgumentParser(prog="python -m backing.replica_metrics", description=__doc__)
    parser.add_argument("services", nargs="+", type=service, metavar="HOST:PORT", help="a service and its port")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8004, help="port to listen on (default: %(default)s)")
    given = parser.parse_args(arguments)
    web.run_app(create_app(dict(given.services)), host=given.host, port=given.port, print=None, access_log=None)


if __name__ == "__main__":
    main()
