"""A network between a service and a database server that a test can silence."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from backing.postgres import Database


class Network:
    """A TCP port that passes everything on to a database server.

    Silenced, it goes on accepting connections and data, and passes nothing on, not even the end of a connection.
    """

    def __init__(self, server: Database) -> None:
        folder = conninfo_to_dict(server.url)["host"]
        self._server = f"{folder}/.s.PGSQL.5432"
        self._silent = False
        self._lost: list[Event] = []
        self._sockets = [socket.create_server(("127.0.0.1", 0))]
        self.url = make_conninfo(server.url, host="127.0.0.1", port=self._sockets[0].getsockname()[1])
        Thread(target=self._accept, args=[self._sockets[0]], daemon=True).start()

    def silence(self) -> None:
        """Pass nothing on, neither on the connections that there are, which are lost, nor on new ones."""
        self._silent = True
        for lost in self._lost:
            lost.set()

    def speak(self) -> None:
        """Pass on what comes on new connections."""
        self._silent = False

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                client, _ = listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                self._sockets += [client, server]
                lost = Event()
                self._lost.append(lost)
                if self._silent:
                    lost.set()
                for ends in ((client, server), (server, client)):
                    Thread(target=self._pass_on, args=[*ends, lost], daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, lost: Event) -> None:
        with suppress(OSError):  # an end is closed
            while data := source.recv(65536):
                if not lost.is_set():
                    target.sendall(data)
            if not lost.is_set():
                target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)  # close() alone would not wake the threads
            each.close()


@contextmanager
def network(server: Database) -> Iterator[Network]:
    """Open a network in front of `server` until the context exits, and yield it."""
    between = Network(server)
    try:
        yield between
    finally:
        between.close()
