"""The index as an HTML page: the endpoints by what they wait for, each with a form that calls it."""

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any, NamedTuple

from .openapi import parameters
from .operation import Operation
from .parameters import Meeting, Paced
from .services import described, other_twin
from .targets import texts

AT_ONCE = 6
"""The requests that a browser has in flight to one service at most."""


class Row(NamedTuple):
    """An endpoint and the curl command that calls it."""

    operation: Operation
    curl: str


class Group(NamedTuple):
    """Endpoints that wait for the same thing, by name; `about` says what to look at."""

    title: str
    about: str
    names: tuple[str, ...]


GROUPS = (
    Group(
        "a timer",
        "One after the other, n waits take n times as long as one; all at once, as long as one. The body is the same, "
        "the header Waits says how they were made.",
        ("delay", "fanout"),
    ),
    Group(
        "other requests",
        "No request is answered before n wait at the same time; then all are. Browsers have at most "
        f"{AT_ONCE} requests to one service in flight, so here n is at most {AT_ONCE}.",
        ("barrier",),
    ),
    Group(
        "a person",
        "Ask first, then answer: the waiting request is released at once. The answer may go to either twin.",
        ("ask", "answer"),
    ),
    Group(
        "another service, a database, a disk",
        "n calls go through a pool of connections: if n is larger than the pool, some wait for a connection first.",
        ("fetch", "query", "file"),
    ),
    Group("a slow stream", "Pieces of the body are shown when they arrive.", ("sse", "drip")),
    Group(
        "a blocking call",
        "On an event loop /blocking stops every other request, and /offload does not. On threads each holds a thread.",
        ("blocking", "offload"),
    ),
    Group(
        "nothing",
        "They answer as fast as the service can; /cpu computes.",
        ("cpu", "healthz", "index", "openapi", "metrics", "favicon"),
    ),
)
"""Every endpoint, in the order in which the page shows them."""

POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-src {twin}; frame-ancestors {twin}"
)
"""Content-Security-Policy: no script and style but these, requests to the own service alone; only the other twin's page
may be shown in this page, and show this page."""


def page(rows: Sequence[Row], service: str, host: str) -> str:
    """Return the page of a service, given its name in Served-By and the host that the client called."""
    known, other = described(service), other_twin(service, host)
    by_name = {row.operation.name: row for row in rows}
    groups = [(group, [by_name[name] for name in group.names if name in by_name]) for group in GROUPS]
    data = {"service": known.name, **({"twin": known.twin, "twin-url": other} if other else {})}
    return _text("html").format(
        data=" ".join(f'data-{name}="{escape(value or "")}"' for name, value in data.items()),
        title=escape(known.headline),
        headline=escape(known.headline),
        about=escape(known.about) + _twin(known.twin, other),
        links=" ".join(f"<a href='#{_anchor(group)}'>{escape(group.title)}</a>" for group, found in groups if found),
        groups="\n".join(_group(group, found, known.name) for group, found in groups if found),
        style=_text("css"),
        script=_text("js"),
    )


def policy(service: str, host: str) -> str:
    """Return the Content-Security-Policy of the page of a service."""
    twin = other_twin(service, host) or "'none'"
    return POLICY.format(script=_hash(_text("js")), style=_hash(_text("css")), twin=twin)


@cache
def _text(kind: str) -> str:
    """Return a part of the page: its html, css or js."""
    return (files(__package__) / f"page.{kind}").read_text("utf-8")


@cache
def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _twin(twin: str | None, other: str | None) -> str:
    if twin is None:
        return ""
    headline = escape(described(twin).headline)
    linked = f"<a href='{escape(other)}/'>{headline}</a>" if other else headline
    return f" Compare with {linked}."


def _anchor(group: Group) -> str:
    return group.names[0]


def _group(group: Group, rows: Sequence[Row], name: str) -> str:
    shown = "\n".join(_row(row, name) for row in rows)
    head = f"<section id={_anchor(group)}><h2>Waits for {escape(group.title)}</h2>"
    about = f"<p>{escape(group.about)}\n" if len(rows) == len(group.names) else ""  # it speaks of all of them
    return f"{head}\n{about}{shown}\n</section>"


def _row(row: Row, name: str) -> str:
    operation, curl = row
    named = f"<a href='{escape(operation.example)}'>{escape(operation.path)}</a>"
    title = named if operation.method == "GET" else escape(f"{operation.method} {operation.path}")
    return (
        f"<article><div><h3>{title}</h3><p>{escape(operation.summary)}</div>\n<div>{_form(operation, name)}\n"
        f"<details><summary>curl</summary><pre>{escape(curl)}</pre></details></div></article>"
    )


@cache  # schemas take long to build
def _form(operation: Operation, name: str) -> str:
    """Return the form that calls an operation. It stays hidden without the script if it needs more than a plain GET."""
    takes = operation.takes
    known = texts(operation.example, operation.path)
    fields = [_field(row, known, joins=takes is Meeting and row["name"] == "n") for row in parameters(operation)]
    data = {"name": operation.name, "method": operation.method, "path": operation.path}
    if takes.from_body:
        fields.append(_label(takes.from_body, f"<input name={takes.from_body} value=soup>"))
        data["body"] = takes.from_body
    if issubclass(takes, Paced):
        data["streams"] = "yes"
    if takes is Meeting:
        data["joins"] = "yes"
    sends = "Send one" if takes is Meeting else f"Call {name}"
    written = " ".join(f'data-{name}="{escape(value)}"' for name, value in data.items())
    hidden = " hidden" if takes.from_body or "{" in operation.path else ""
    return f"<form action='{escape(operation.path)}' {written}{hidden}>{''.join(fields)}<button>{sends}</button></form>"


def _field(row: dict[str, Any], known: dict[str, str], *, joins: bool = False) -> str:
    name, schema = row["name"], row["schema"]
    value = known.get(name, str(schema.get("default", "")))
    if "enum" in schema:
        options = "".join(f"<option{' selected' if each == value else ''}>{each}" for each in schema["enum"])
        return _label(name, f"<select name={name}>{options}</select>")
    kind = f" type=number min=1 max={AT_ONCE}" if joins else ""
    return _label(name, f"<input name={name} value='{escape(value)}' required{kind}>")


def _label(name: str, field: str) -> str:
    return f"<label>{name}{field}</label>"
