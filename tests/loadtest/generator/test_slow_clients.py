"""Slow clients, in a process of their own: importing gevent's sockets is left to the load generator."""

import socket
import subprocess
import sys
from contextlib import ExitStack

HOLD = """
import sys, gevent
from loadtest.generator.slow_clients import slow_clients
with slow_clients(sys.argv[1], 3):
    print("held", flush=True)
    gevent.get_hub().threadpool.apply(sys.stdin.readline)
"""


def test_each_slow_client_holds_half_a_request_and_connects_again_when_it_is_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as stack:
        server.settimeout(30)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        command = [sys.executable, "-c", HOLD, url]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            held = [stack.enter_context(server.accept()[0]) for _ in range(3)]
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            sent = [connection.recv(4096) for connection in held]
            assert all(part.startswith(b"GET ") and not part.endswith(b"\r\n\r\n") for part in sent)
            held[0].close()
            again = stack.enter_context(server.accept()[0])
            assert again.recv(4096) == sent[0]
            holder.communicate("\n", timeout=30)
            assert again.recv(4096) == held[1].recv(4096) == b""
        assert holder.returncode == 0
