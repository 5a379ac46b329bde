"""The first request to a target, before any load: what it answers, and what would make a measurement worthless."""

import itertools
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead

from loadtest.contenders.request import Request, Sent
from loadtest.contenders.secrets import NO_SECRETS, Secrets
from loadtest.contenders.target import Target, context
from loadtest.english import count, duration
from loadtest.generator.driver import GeneratorFailed, generator
from loadtest.generator.orders import Job, Order
from loadtest.processes.logs import Logs
from loadtest.processes.own import prepare, started
from loadtest.workload.closed import Closed
from loadtest.workload.scenarios import OWN

from .blocked import blocked, on_a_loop

PATIENCE = 60.0
"""Seconds to wait for the answer, as long as users wait for theirs."""

FIRST_TASKS = 0.5
"""The least seconds for which users of a locustfile are tried."""

TASK_WITHIN = 30.0
"""Seconds to wait for the end of a task of such a user."""

SHOWN = 60
"""Characters of a body that are shown."""

DEVELOPMENT = {
    "Werkzeug": "Flask's development server",
    "WSGIServer": "the server of wsgiref, as Django's runserver is",
}
"""Beginnings of the header Server, and the servers behind them that are not meant for load."""

ADVICE: Mapping[int, str] = {
    401: "It wants credentials: send them with --header 'Authorization: Bearer ${TOKEN}'.",
    403: "It refuses these credentials, or wants some: send them with --header 'Authorization: Bearer ${TOKEN}'.",
    404: "It has no such path: name another one with --path.",
    405: "It does not allow this method there: choose another one with --method.",
    415: "It wants another kind of body: --json sends JSON, --header names a Content-Type.",
    429: "It limits how often it may be asked: switch that off for these requests.",
    502: "Something that it asks does not answer: start that first.",
}
"""Sentences about what to do, by unexpected status."""

OTHERWISE = "Name the right answer with --expect, or send what it wants with --method, --header and --json."


class TrialFailed(Exception):
    """A target does not give the answer that it should. The message says what to do."""


@dataclass(frozen=True)
class Tried:
    """The answer of a target to one request."""

    told: str
    """A sentence."""
    seconds: float
    warnings: list[str]
    """Sentences about what makes the target's figures worse than they could be."""
    server: str = ""
    """The header Server, empty without one and for users of a locustfile."""
    blocks: bool = False
    """True if the service answered nothing else meanwhile: the request blocks its event loop."""


def tried(target: Target, secrets: Secrets = NO_SECRETS, logs: Logs | None = None) -> list[Tried]:
    """Send each request of a target once, and return what came of them, with secrets masked in what is shown of bodies.

    A service that the run starts is built, and started for the trial. Raises TrialFailed if load would show nothing,
    and ServiceFailed if it does not start.
    """
    if target.start is None:
        return _each_tried(target, secrets)
    for command in target.start.build:
        prepare(target.name, command, target.start)
    with started(target.name, target.start, logs=logs) as server:
        return _each_tried(replace(target, url=server.url), secrets)


def fewest_users(target: Target) -> int:
    """Return the fewest users of a target's locustfile with whom each of its classes has some.

    Raises TrialFailed if the file cannot be used.
    """
    try:
        with generator() as driver:
            return driver.begin(_job(target))
    except GeneratorFailed as error:
        raise TrialFailed(str(error)) from None


def _each_tried(target: Target, secrets: Secrets) -> list[Tried]:
    if target.locustfile is not None:
        return [_users_tried(target, secrets)]
    found = [_tried(target, each, secrets) for each in target.requests]
    longest = max(range(len(found)), key=lambda place: found[place].seconds)
    found[longest] = _observed(target, target.requests[longest], found[longest])
    return found


def _observed(target: Target, request: Request, known: Tried) -> Tried:
    """Find out whether a request blocks the event loop of a service that has one, and a path that answers at once."""
    path = target.start.ready if target.start else None
    if path is None or not on_a_loop(known.server):
        return known
    numbers = itertools.count(2)  # the first was sent before

    def ask() -> None:
        _answer(target, request.method, request.sent(next(numbers)))

    try:
        if not blocked(ask, partial(_answer, target, "GET", Sent(path, {}, None)), known.seconds):
            return known
    except (OSError, HTTPException):
        return known  # load will show what is wrong
    told = f"{target.name} answers nothing while {request.told} waits: that blocks its event loop."
    return replace(known, blocks=True, warnings=[*known.warnings, told])


def _users_tried(target: Target, secrets: Secrets) -> Tried:
    """Run the first tasks of the fewest users of a locustfile. `seconds` is the mean time of a task with its wait."""
    connection = _connection(target)
    try:
        connection.connect()
    except (OSError, HTTPException) as error:
        raise TrialFailed(f"{target.name}: {_fault(target, error)}") from None
    finally:
        connection.close()
    try:
        with generator() as driver:
            users = driver.begin(_job(target))
            seen = driver.measure(Order(Closed(users), 0.0, FIRST_TASKS, TASK_WITHIN))
    except GeneratorFailed as error:
        raise TrialFailed(secrets.masked(f"{target.name}: {error}")) from None
    assert target.locustfile is not None
    who, turns = f"{target.name}: {count(users, 'user')} of {target.locustfile.name}", seen["turns"]
    kinds = secrets.masked(", ".join(f"{times} x {kind}" for kind, times in seen["errors"].items()))
    failed = f"{seen['failures']} of {count(seen['requests'], 'request')} failed: {kinds}"
    if seen["failures"] and seen["failures"] == seen["requests"]:
        raise TrialFailed(f"{who}: {failed}.")
    warnings = [f"did not answer all of them as it should: {failed}."] if seen["failures"] else []
    if not turns["tasks"]:
        return Tried(f"{who} ended no task within {TASK_WITHIN:g} s.", TASK_WITHIN, warnings)
    did = f"{count(turns['tasks'], 'task')} and {count(seen['requests'], 'request')}"
    took = (turns["task_ms"] + turns["wait_ms"]) / turns["tasks"]
    told = f"{who} ended {did} in {duration(seen['seconds'] * 1000)}: a task takes {duration(took)} with its wait."
    return Tried(told, took / 1000, [f"{target.name} {each}" for each in warnings])


def _job(target: Target) -> Job:
    return Job(target.name, target.url, OWN, "", 0.0, (), target.tls, str(target.locustfile))


def _tried(target: Target, request: Request, secrets: Secrets) -> Tried:
    asked = request.sent(1)
    began = time.perf_counter()
    try:
        response, content = _answer(target, request.method, asked)
    except (OSError, HTTPException) as error:
        raise TrialFailed(f"{target.name}: {_fault(target, error)}") from None
    took = time.perf_counter() - began
    kind = _printable(response.getheader("Content-Type", "no type").partition(";")[0])
    said = f"answered {response.status} in {duration(took * 1000)}, {len(content)} bytes of {kind}"
    text = secrets.masked(content.decode(errors="replace"))  # before it is cut: a part of a secret is not recognized
    shown = " ".join(text.split())[:SHOWN]
    told = (
        f"{target.name}: {request.method} {asked.path} {said}{f': {shown}' if shown.isprintable() and shown else '.'}"
    )
    fault = request.expected.fault(response.status, _headers(response), content)
    if fault is not None:
        raise TrialFailed(f"{told}\n{target.name}: {fault}. {_advice(response)}")
    warnings = [f"{target.name} {each}" for each in _warnings(response)]
    return Tried(told, took, warnings, _printable(response.getheader("Server", "")))


def _answer(target: Target, method: str, asked: Sent) -> tuple[HTTPResponse, bytes]:
    """Send a request on a connection of its own, and return the answer and its body. Raises as http.client does."""
    connection = _connection(target)
    try:
        body = None if asked.body is None else asked.body.encode()  # as users send it; http.client takes Latin-1
        connection.request(method, asked.path, body, dict(asked.headers))
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def _connection(target: Target) -> HTTPConnection:
    host, port = target.address
    if not target.encrypted:
        return HTTPConnection(host, port, timeout=PATIENCE)
    try:
        return HTTPSConnection(host, port, timeout=PATIENCE, context=context(target.tls))
    except OSError as error:  # of the file with authorities
        what = "holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise TrialFailed(f"--ca {target.tls.ca}: {what}.") from None


def _fault(target: Target, error: Exception) -> str:
    """Return what keeps a target from answering, and what to do, in sentences."""
    host, port = target.address
    other = "http" if target.encrypted else "https"
    match error:
        case ssl.SSLCertVerificationError():
            told = (
                f"its certificate cannot be checked: {error.verify_message.rstrip('.')}. Name the authority's "
                "file with --ca, or take any certificate with --insecure."
            )
        case TimeoutError():
            told = f"no answer within {PATIENCE:g} s."
        case ConnectionRefusedError():
            told = f"nothing listens at port {port} of {host}. Start it first."
        case ConnectionResetError():  # or RemoteDisconnected, which is one
            told = f"it closed the connection without an answer. Does its URL begin with {other}:?"
        case IncompleteRead():
            told = "it closed the connection in the middle of its answer."
        case ssl.SSLError() | HTTPException():
            told = f"its answer is not {target.url.partition(':')[0]}. Does its URL begin with {other}:?"
        case _:
            told = f"{getattr(error, 'strerror', None) or error}."
    return told


def _printable(text: str) -> str:
    """Return the text without characters that a terminal might obey."""
    return "".join(filter(str.isprintable, text))


def _headers(response: HTTPResponse) -> Mapping[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}


def _advice(response: HTTPResponse) -> str:
    if response.status // 100 == 3:
        return (
            f"It redirects to {response.getheader('Location')!r}: request that instead, for users follow no redirect."
        )
    return ADVICE.get(response.status, OTHERWISE)


def _warnings(response: HTTPResponse) -> list[str]:
    found = []
    server = _printable(response.getheader("Server", ""))
    found += [
        f"is served by {what} (Server: {server}), which is not meant for load. Start it with a production server."
        for name, what in DEVELOPMENT.items()
        if server.startswith(name)
    ]
    if not response.will_close:
        return found
    if response.version == 10:
        found.append("answers in HTTP/1.0: every request needs a new connection, and pays for it.")
    else:
        found.append("closes the connection after its answer: every request needs a new one, and pays for it.")
    return found
