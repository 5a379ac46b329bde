"""The index at `/`: the table of endpoints, as JSON or as an HTML page."""

import re
from collections.abc import Iterable

from .operation import Operation
from .page import Row, page, policy
from .parameters import Paced, Preferences
from .replies import HTML, Reply, as_json
from .services import UPSTREAM, described

NAME = "Sync vs. Async"
ABOUT = (
    "One HTTP API built twice: sync_app holds a thread while it waits, async_app a coroutine. Most endpoints wait for "
    "something slow. The Served-By header names the service that responded."
)
FALLBACK_HOST = "127.0.0.1"

_plain_host = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?").fullmatch


def reply(operations: Iterable[Operation], asked: Preferences, service: str) -> Reply:
    """Return the index in the format that the client prefers, with curl commands for the host that it called.

    The twins and the frameworks beside them return the same JSON. The page names the service, as Served-By does.
    """
    host = asked.host if _plain_host(asked.host) else FALLBACK_HOST
    rows = [Row(each, f"curl -i {_sends(each)}'http://{host}{each.example}'") for each in operations]
    if prefers_html(asked.accept):
        headers = {"Vary": "Accept", "Content-Security-Policy": policy(service, host)}
        return Reply(page(rows, service, host).encode(), content_type=HTML, headers=headers)
    told = ("method", "path", "waits_for", "summary")
    endpoints = [{**{name: getattr(row.operation, name) for name in told}, "curl": row.curl} for row in rows]
    name, about = (UPSTREAM, described(UPSTREAM).about) if service == UPSTREAM else (NAME, ABOUT)
    return Reply(as_json({"name": name, "about": about, "endpoints": endpoints}), headers={"Vary": "Accept"})


def prefers_html(accept: str) -> bool:
    """Return whether an `Accept` header names text/html and prefers it to JSON.

    Source: RFC 9110, section 12.5.1. At equal weights, text/html wins over a wildcard and loses to application/json.
    """
    weights = {}
    for part in accept.split(","):
        media_range, *arguments = (piece.strip().lower() for piece in part.split(";"))
        weights[media_range] = next((_weight(argument[2:]) for argument in arguments if argument[:2] == "q="), 1.0)
    html = weights.get("text/html", 0.0)
    if "application/json" in weights:
        return html > weights["application/json"]
    return html > 0 and html >= weights.get("application/*", weights.get("*/*", 0.0))


def _sends(operation: Operation) -> str:
    """Return curl's options for the operation: a body to send, or -N to show a stream as it arrives."""
    if operation.takes.from_body:
        return "-d soup "
    return "-N " if issubclass(operation.takes, Paced) else ""


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
