"""The request that a user's own service gets, and what its answer must be."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPMethod
from typing import NamedTuple
from urllib.parse import quote
from uuid import uuid4

PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]*)\}")

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""The name of a header (RFC 9110, 5.6.2)."""

OURS = ("connection", "content-length", "host", "transfer-encoding")
"""Headers that the HTTP client sets."""

METHODS = tuple(each.value for each in HTTPMethod if each not in (HTTPMethod.CONNECT, HTTPMethod.TRACE))

EXPECTS = "takes status=CODE, header=NAME:VALUE or body=TEXT"


@dataclass(frozen=True)
class Expected:
    """The right answer. `headers`: their names and exact values. `part`: a text in its body."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    part: str = ""

    def fault(self, status: int, headers: Mapping[str, str], body: bytes | bytearray) -> str | None:
        """Return in words what is wrong with an answer, or None if it is as expected.

        Nothing of the answer is repeated: it may be a secret.
        """
        if status != self.status:
            return f"status {status} instead of {self.status}"
        for name, value in self.headers.items():
            if (found := headers.get(name.lower())) != value:
                return f"{'no' if found is None else 'another'} header {name} instead of {value!r}"
        if self.part and self.part.encode() not in body:
            return f"unexpected body: {self.part!r} is not in it"
        return None


class Sent(NamedTuple):
    """The parts of a request that may have placeholders, as they are sent once."""

    path: str
    headers: Mapping[str, str]
    body: str | None


@dataclass(frozen=True)
class Request:
    """One request. `path` begins with a slash and may have a query; `body`: None without one."""

    path: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    expected: Expected = Expected()
    name: str = ""
    weight: int = 1
    """The share of this request among others: how often it is sent for each time that one of weight 1 is."""
    rows: tuple[Mapping[str, str], ...] = ()
    """Values that may stand in it by the names of their columns, one row for each sending, in turn."""

    def __post_init__(self) -> None:
        """Raise ValueError if the request could not be sent."""
        if not self.path.startswith("/"):
            raise ValueError(f"the path must begin with a slash; got {self.path!r}")
        if not (self.path.isascii() and self.path.isprintable()) or " " in self.path or "#" in self.path:
            raise ValueError(f"the path takes ASCII characters without spaces or #, encoded as %20; got {self.path!r}")
        if self.path.startswith("//"):  # the HTTP client takes it for a host
            raise ValueError(f"the path must begin with one slash; got {self.path!r}")
        if re.search("%(?![0-9A-Fa-f]{2})", self.path):
            raise ValueError(f"the path has a % without two hexadecimal digits, encoded as %25; got {self.path!r}")
        if self.method not in METHODS:
            raise ValueError(f"the method is one of {', '.join(METHODS)}; got {self.method!r}")
        headers = ((f"the header {name}", value) for name, value in self.headers.items())
        for where, text in (("the path", self.path), *headers):
            if not {*PLACEHOLDER.findall(text)} <= {*self.columns}:  # the whole text: part of a secret is not masked
                raise ValueError(f"braces in {where} take {', '.join(self.columns)}; got {text!r}")
        for name, value in self.headers.items():
            if not TOKEN.fullmatch(name):
                raise ValueError(f"{name!r} cannot be the name of a header")
            if name.lower() in OURS:
                raise ValueError(f"the header {name} is set by the HTTP client")
            cells = (row[column] for column in PLACEHOLDER.findall(value) for row in self.rows if column in row)
            if not all(text.isprintable() and text.isascii() for text in (value, *cells)):
                raise ValueError(f"the header {name} takes printable ASCII characters")

    @property
    def columns(self) -> list[str]:
        """The names that may stand in braces."""
        return ["uuid", "n", *(self.rows[0] if self.rows else ())]

    @cached_property
    def fixed(self) -> bool:
        """True if the request is the same each time."""
        texts = (self.path, self.body or "", *self.headers.values())
        return not any(name in self.columns for text in texts for name in PLACEHOLDER.findall(text))

    def sent(self, number: int) -> Sent:
        """Return what is sent the `number`th time, counted from 1."""
        if self.fixed:
            return Sent(self.path, self.headers, self.body)
        values = {"uuid": str(uuid4()), "n": str(number)}
        if self.rows:
            values |= self.rows[(number - 1) % len(self.rows)]
        in_json = {name: json.dumps(value)[1:-1] for name, value in values.items()} if self._is_json else values
        headers = {name: _filled(value, values) for name, value in self.headers.items()}
        in_path = {name: quote(value, safe="") for name, value in values.items()}
        body = self.body and _filled(self.body, in_json)
        return Sent(_filled(self.path, in_path), headers, body)

    @property
    def _is_json(self) -> bool:
        kinds = [value for name, value in self.headers.items() if name.lower() == "content-type"]
        return any("json" in kind for kind in kinds)

    @cached_property
    def label(self) -> str:
        """The name, or method and path without one."""
        return self.name or self.told

    @property
    def told(self) -> str:
        """Method and path, as in an access log."""
        return f"{self.method} {self.path}"


def _filled(text: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def header(text: str) -> tuple[str, str]:
    """Return name and value of `NAME: VALUE`. Raises ValueError if there is no colon."""
    name, colon, value = text.partition(":")
    if not colon:  # the text is not repeated: it may be a secret
        raise ValueError("a header reads NAME: VALUE; there is no colon")
    return name.strip(), value.strip()


def as_json(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a request whose body is JSON: with a Content-Type, unless they have one."""
    known = any(name.lower() == "content-type" for name in headers)
    return {**headers} if known else {"Content-Type": "application/json", **headers}


def json_body(text: str) -> str:
    """Return the text if it is JSON. Raises ValueError that says where it is not."""
    try:
        json.loads(text)
    except ValueError as error:
        raise ValueError(f"the body is not JSON: {error}") from None
    return text


def expected(texts: list[str]) -> Expected:
    """Return what texts like `status=201` or `body=sold` state. Raises ValueError with what is wrong."""
    status, headers, part = 200, {}, ""
    for text in texts:
        what, _, value = text.partition("=")
        match what:
            case "status" if re.fullmatch("[1-5][0-9][0-9]", value):
                status = int(value)
            case "header":
                name, wanted = header(value)
                headers[name] = wanted
            case "body" if value:
                part = value
            case _:
                raise ValueError(f"{EXPECTS}; got {text!r}")
    return Expected(status, headers, part)
