import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from unittest.mock import patch

import pytest
from aiohttp.test_utils import TestClient, TestServer

from backing import replica_metrics

PORT = 8001


@contextmanager
def replicas(**bodies: bytes | None) -> Iterator[dict[str, int]]:
    """Serve each body to every request, and yield the ports; None: nothing listens there."""
    servers = []
    ports = {}
    for name, body in bodies.items():

        class Handler(BaseHTTPRequestHandler):
            said = body or b""

            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(self.said)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        ports[name] = server.server_port
        if body is None:
            server.server_close()
        else:
            Thread(target=server.serve_forever, daemon=True).start()
            servers.append(server)
    try:
        yield ports
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def asked(path: str, addresses: list[str]) -> tuple[int, str]:
    """Return the status and the body of a GET, if the name of the service stands for `addresses`."""

    async def ask() -> tuple[int, str]:
        async def known(_host: str, _port: int) -> list[str]:
            return addresses

        with patch.object(replica_metrics, "addresses", known):
            async with TestClient(TestServer(replica_metrics.create_app({"sync_app": PORT}))) as client:
                response = await client.get(path)
                return response.status, await response.text()

    return asyncio.run(ask())


def test_the_metrics_of_all_replicas_are_summed_and_one_that_does_not_answer_is_named() -> None:
    text = b"# TYPE http_requests_in_flight gauge\nhttp_requests_in_flight 2.0\n"
    with replicas(one=text, other=text, gone=None) as ports:
        one, other, gone = (f"127.0.0.1:{port}" for port in ports.values())
        status, body = asked("/sync_app", [one, other, gone])
    assert status == 200
    assert body.splitlines()[2:] == [
        f'replica_answers{{replica="{one}"}} 1.0',
        f'replica_answers{{replica="{other}"}} 1.0',
        f'replica_answers{{replica="{gone}"}} 0.0',
        "# HELP http_requests_in_flight ",
        "# TYPE http_requests_in_flight gauge",
        "http_requests_in_flight 4.0",
    ]


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("/sync_app", None, 503, "No replica of sync_app answers.\n"),
        ("/sync_app", b"<html> <body>", 502, "A replica of sync_app answers without metrics.\n"),
        ("/other", b"", 404, "Metrics are summed of sync_app; got other.\n"),
    ],
)
def test_sums_that_cannot_be_had_are_refused_in_a_sentence(
    path: str, body: bytes | None, status: int, sentence: str
) -> None:
    with replicas(one=body) as ports:
        assert asked(path, [f"127.0.0.1:{ports['one']}"]) == (status, sentence)


def test_a_name_stands_for_all_of_its_addresses_and_an_unknown_one_for_none() -> None:
    async def found(host: str) -> list[str]:
        return await replica_metrics.addresses(host, PORT)

    assert asyncio.run(found("127.0.0.1")) == [f"127.0.0.1:{PORT}"]
    with patch.object(socket, "getaddrinfo", side_effect=socket.gaierror):
        assert asyncio.run(found("sync_app")) == []


@pytest.mark.parametrize("service", ["sync_app", "sync_app:", ":8001", "sync_app:0", "sync_app:http"])
def test_a_service_without_a_port_is_refused_in_a_line(service: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        replica_metrics.main([service])
    assert f"a service is HOST:PORT, such as sync_app:8001; got {service}\n" in capsys.readouterr().err
