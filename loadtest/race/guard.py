"""The guard of Locust's web app: who may use it, and which services it may load."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from flask import Response, jsonify, make_response, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from loadtest.english import listed
from loadtest.processes.room import in_url

from .public import Public
from .request import decoded
from .visitors import Refused, Visitors, is_presenter

if TYPE_CHECKING:
    from loadtest.generator.profile import ProfileArrivals  # it imports Locust, which patches the standard library

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""The names of this machine, which are always accepted."""

MOST_BODY = 16 * 1024
"""The most bytes of a request body."""

SETTINGS = {"user_class_name", "weight", "fixed_count", "tasks", "host"}
"""Attributes of a user class that Locust's page may set. Locust itself sets any, even a proxy."""

WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def hosts(environment: Any) -> list[str]:
    """Return the URLs of the services that Locust was started with.

    Raises:
        ValueError: if one has a user name or a password, which pages and tables would show.

    """
    found = _distinct([environment.host, *(each.host for each in environment.available_user_classes.values())])
    if any("@" in host for host in found):
        raise ValueError("The URL of a service must not contain a user name or a password.")
    return found


def guard(
    environment: Any,
    services: Sequence[str],
    arrivals: "ProfileArrivals",
    published: Public | None = None,
    room: Sequence[str] = (),
) -> Visitors:
    """Refuse requests to Locust's web app from other sites, under other names, or for load on other services.

    Refuse arrivals that cannot be run, too. Locust itself accepts all of these. `published`: what browsers send through
    a reverse proxy, with which the Host header is the proxy's or, as many proxies set it, that of this machine. `room`:
    the addresses at which others in the room reach the web app; they may do what the returned `Visitors` permit.
    """
    own = _distinct([*LOOPBACK, _as_host(environment.web_ui.host), *map(in_url, room)])
    app, visitors = environment.web_ui.app, Visitors()
    names = _distinct([*own, published.host if published else None])

    def visit() -> Response | None:
        if room and not is_presenter(request.remote_addr or ""):
            try:
                visitors.check(request)
            except Refused as refused:
                return problem(refused.status, str(refused))
        return None

    def refusal() -> Response | None:
        host, origin = request.host, request.headers.get("Origin")
        name = re.sub(r":\d+$", "", host.lower())
        if name not in names:  # a name of someone else can lead here, too
            return problem(403, f"This web app is at {listed(names)} only, and was asked for as {host!r}.")
        same = {request.host_url.rstrip("/")} if name in own else set()
        if published is not None:
            same.add(published.origin)
        if origin is not None and origin not in same:
            return problem(403, f"Only pages of this web app may use it; the request came from {origin}.")
        try:
            body = request.get_data()
        except RequestEntityTooLarge:
            return problem(413, f"A body may have at most {request.max_content_length} bytes.")
        if request.endpoint == "locust.swarm" and (sentence := _mistake(request.form, services, arrivals)):
            return jsonify({"success": False, "message": sentence, "host": environment.host})  # Locust's page shows it
        if request.endpoint == "locust.update_user":
            said = decoded(body)
            if not (isinstance(said, dict) and said.keys() <= SETTINGS and said.get("host", services[0]) in services):
                return problem(400, f"A user class takes weight, fixed_count, tasks, and host {listed(services)}.")
        return None

    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY
    app.before_request(visit)
    app.before_request(refusal)
    app.wsgi_app = _closed(app.wsgi_app)
    return visitors


def problem(status: int, sentence: str) -> Response:
    """Return the response that refuses a request with one sentence."""
    return make_response(jsonify({"problem": sentence}), status)


def not_json() -> Response | None:
    """Return the refusal of a body that another site's form can send, or None if the request's body is JSON."""
    if not request.is_json:
        return problem(415, "The body must be JSON, with Content-Type: application/json.")
    return None


def _mistake(form: MultiDict[str, str], services: Sequence[str], arrivals: "ProfileArrivals") -> str | None:
    """Return why a form of Locust's page cannot be run, or None if it can."""
    if not {"", *services}.issuperset(form.getlist("host")):
        return f"Load goes only to {listed(services)}, which Locust was started with; leave the host as it is."
    try:
        return arrivals.refusal(arrivals.asked_for(form.to_dict()))
    except ValueError as mistake:
        return str(mistake)


def _distinct(names: Iterable[str | None]) -> list[str]:
    """Return the names without repetitions and without empty ones."""
    return list(dict.fromkeys(filter(None, names)))


def _as_host(address: str) -> str:
    """Return an address as the Host header has it."""
    return f"[{address}]" if ":" in address else address.lower()


def _closed(app: WSGIApp) -> WSGIApp:
    """Return `app` without the headers by which Locust lets pages of every site read it, and closed to their frames."""

    def closed(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *failure: Any) -> Any:
            kept = [header for header in headers if not header[0].lower().startswith("access-control-")]
            return start_response(status, [*kept, ("X-Frame-Options", "DENY")], *failure)

        return app(environ, start)

    return closed
