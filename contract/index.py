"""The index at `/`: the table of endpoints, as JSON or as an HTML page."""

import re
from collections.abc import Iterable
from html import escape

from .operation import Operation
from .parameters import Paced, Preferences
from .replies import HTML, Reply, as_json

ABOUT = (
    "One HTTP API built twice: sync_app holds a thread while it waits, async_app a coroutine. Most endpoints wait for "
    "something slow. The Served-By header names the service that responded."
)
FALLBACK_HOST = "127.0.0.1"

_plain_host = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?").fullmatch


def reply(operations: Iterable[Operation], asked: Preferences) -> Reply:
    """Return the index in the format that the client prefers, with curl commands for the host that it called."""
    host = asked.host if _plain_host(asked.host) else FALLBACK_HOST
    rows = [(operation, f"curl -i {_sends(operation)}'http://{host}{operation.example}'") for operation in operations]
    vary = {"Vary": "Accept"}
    if prefers_html(asked.accept):
        return Reply(_page(rows).encode(), content_type=HTML, headers=vary)
    told = ("method", "path", "waits_for", "summary")
    endpoints = [{**{name: getattr(operation, name) for name in told}, "curl": curl} for operation, curl in rows]
    return Reply(as_json({"name": "Sync vs. Async", "about": ABOUT, "endpoints": endpoints}), headers=vary)


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


def _page(rows: Iterable[tuple[Operation, str]]) -> str:
    table = "\n".join(
        f"<tr><th scope=row>{_link(operation)}</th>"
        f"<td>{escape(operation.waits_for)}</td><td>{escape(operation.summary)}<pre>{escape(curl)}</pre></td></tr>"
        for operation, curl in rows
    )
    return PAGE.format(about=escape(ABOUT), table=table)


def _link(operation: Operation) -> str:
    if operation.method != "GET":
        return escape(f"{operation.method} {operation.path}")
    return f"<a href='{escape(operation.example)}'>{escape(operation.path)}</a>"


PAGE = """<!doctype html>
<html lang=en>
<meta charset=utf-8>
<meta name=viewport content="width=device-width, initial-scale=1">
<title>Sync vs. Async</title>
<style>
:root {{ color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }}
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0; border-top: 1px solid #8886 }}
pre {{ margin: .25rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere }}
@media (max-width: 40rem) {{
  thead {{ display: none }}
  th, td {{ display: block; padding: .25rem 0 }}
  td {{ border: 0 }}
  td:last-child {{ padding-bottom: 1rem }}
}}
</style>
<h1>Sync vs. Async</h1>
<p>{about}
<table>
<thead><tr><th scope=col>Endpoint<th scope=col>Waits for<th scope=col>What it does</thead>
{table}
</table>
</html>
"""
