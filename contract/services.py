"""The descriptions of the services, by name, for their pages and icons."""

from typing import NamedTuple

from . import ports

UPSTREAM = "backing.upstream"
"""The name of the slow HTTP service behind /fetch."""


class Described(NamedTuple):
    """The description of a service on its page, and its icon; for a twin, also its port and the other twin."""

    name: str
    """The name for buttons and answers."""
    headline: str
    about: str
    letter: str
    """The letter of the icon, on a ground of `colour`."""
    colour: str
    port: int | None = None
    """The default port of a twin."""
    twin: str | None = None
    """The name of the other twin."""


SERVICES = {
    "sync_app": Described(
        "sync_app",
        "sync_app, the blocking twin, on Flask",
        "Each endpoint waits for something slow; a request that waits here holds a thread (under gevent, a greenlet).",
        letter="S",
        colour="#b04600",
        port=ports.SYNC_APP,
        twin="async_app",
    ),
    "async_app": Described(
        "async_app",
        "async_app, the non-blocking twin, on aiohttp",
        "Each endpoint waits for something slow; a request that waits here holds a coroutine on an event loop.",
        letter="A",
        colour="#0b5cad",
        port=ports.ASYNC_APP,
        twin="sync_app",
    ),
    UPSTREAM: Described(
        "upstream",
        "The upstream, a slow HTTP service",
        "The twins send their requests here when they are asked for /fetch. It waits as long as a request says.",
        letter="U",
        colour="#5b6570",
    ),
}
"""The services with words of their own, by name. Every other service is a framework beside the twins."""


def described(service: str) -> Described:
    """Return the description of a service, given its name in Served-By."""
    framework = service.removeprefix("peers.").replace("_", "-")
    return SERVICES.get(service) or Described(
        framework,
        f"{framework}, a framework beside the twins",
        f"It serves the endpoints of the twins sync_app and async_app with {framework}.",
        letter=framework[0],
        colour="#5a4a9c",
    )


def other_twin(service: str, host: str) -> str | None:
    """Return the origin of the other twin, on the host that a client called.

    None if the service is no twin, or `host` does not have the twin's default port: then the other's is not known.
    """
    name, _, port = host.rpartition(":")
    known = described(service)
    if known.twin is None or port != str(known.port):
        return None
    return f"http://{name.lower()}:{SERVICES[known.twin].port}"
