"""The file in which a user describes services and requests of their own, such as sync-vs-async.toml."""

import csv
import json
import shlex
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from contract.parameters import Duration, checked

from . import openapi
from .request import METHODS, Expected, Request, as_json
from .secrets import Secrets
from .target import Pool, Start, Target, Tls, allowed, is_origin

NAME = "sync-vs-async.toml"
"""The file that is read by default, in the current folder."""

LONGEST_HELD = 60.0
"""Seconds for which a request may hold a connection of a pool, as long as users wait for an answer."""

Commands = list[Annotated[str, Field(min_length=1)]]


def _scalar(value: Any) -> Any:
    """Return the value if a query can have it. Raises ValueError otherwise, once for all types."""
    if isinstance(value, str | int | float):
        return value
    raise ValueError("takes a text, a number, true or false")


Scalar = Annotated[str | int | float | bool, BeforeValidator(_scalar)]


class Entry(BaseModel):
    """A table of the file. Unknown keys are refused: one that is misspelt would be without effect."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PoolEntry(Entry):
    """A pool of a service."""

    size: Annotated[int, Field(ge=1, le=100_000)]
    held: str


class ServiceEntry(Entry):
    """`[service.NAME]`."""

    run: str | None = None
    url: str | None = None
    cwd: str = "."
    env: dict[str, str] = Field(default_factory=dict)
    ready: str | None = None
    build: Commands = Field(default_factory=list)
    before: Commands = Field(default_factory=list)
    slots: Annotated[int, Field(ge=1, le=100_000)] | None = None
    pools: dict[str, PoolEntry] = Field(default_factory=dict)

    @model_validator(mode="after")
    def one_way(self) -> Self:
        """Refuse a service that is neither started nor found running, or both."""
        if (self.run is None) == (self.url is None):
            raise ValueError("takes either run (a command) or url (of a service that runs)")
        if self.run is not None and not any("{port}" in text for text in (self.run, *self.env.values())):
            raise ValueError("run or a value of env needs {port}, the port to listen on")
        for key in ("cwd", "env", "ready", "build", "before"):
            if self.url is not None and key in self.model_fields_set:
                raise ValueError(f"{key} is for a service that run starts")
        return self


class ExpectEntry(Entry):
    """`expect` of a request."""

    status: Annotated[int, Field(ge=100, le=599)] = 200
    header: dict[str, str] = Field(default_factory=dict)
    body: str = ""


class RequestEntry(Entry):
    """`[request.NAME]`."""

    method: str | None = None
    path: str = "/"
    headers: dict[str, str] = Field(default_factory=dict)
    query: dict[str, Scalar] = Field(default_factory=dict)
    json_: Annotated[Any, Field(alias="json")] = None
    body: str | None = None
    file: str | None = None
    csv: str | None = None
    expect: ExpectEntry = Field(default_factory=ExpectEntry)
    weight: Annotated[int, Field(ge=1, le=1000)] = 1

    @model_validator(mode="after")
    def one_body(self) -> Self:
        """Refuse a request with more than one body."""
        given = {"json", "body", "file"} & {"json" if key == "json_" else key for key in self.model_fields_set}
        if len(given) > 1:
            raise ValueError(f"takes one of {' and '.join(sorted(given))}")
        return self


class File(Entry):
    """The whole file."""

    service: dict[str, ServiceEntry]
    request: dict[str, RequestEntry] = Field(default_factory=lambda: {"request": RequestEntry()})
    locustfile: str | None = None
    openapi: str | None = None
    include: list[str] = Field(default_factory=list)
    exclude: list[str] = Field(default_factory=list)
    unsafe: bool = False
    headers: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def one_source(self) -> Self:
        """Refuse two descriptions of what users do, and what belongs to a third."""
        given = [key for key in ("locustfile", "openapi", "request") if key in self.model_fields_set]
        if len(given) > 1:
            raise ValueError(f"takes one of {' and '.join(given)}, which say what users do")
        for key in ("include", "exclude", "unsafe", "headers"):
            if self.openapi is None and key in self.model_fields_set:
                raise ValueError(f"{key} is for the requests of openapi")
        return self


class Mistakes(ValueError):
    """The mistakes in a file, each a line that names its key."""


def read(
    path: Path, secrets: Secrets, tls: Tls, *, allow_remote: bool, say: Callable[[str], None] = lambda _: None
) -> list[Target]:
    """Return the services that a file describes, each with the file's requests.

    Relative paths in it are relative to its folder. `say` gets a sentence about operations of an OpenAPI document that
    are left out. Raises Mistakes, with all of them, before anything is started.
    """
    found: list[str] = []
    try:
        file = File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise Mistakes(f"{path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Mistakes(f"{path} is not TOML: {error}.") from None
    except ValidationError as error:
        raise Mistakes("\n".join(f"{path}: {line}" for line in _told(error))) from None

    requests, targets = list[Request](), list[Target]()
    if file.openapi is not None:
        with _noted(found, f"{path}: openapi"):
            requests += _of_document(file, path.parent, secrets, say)
    for name, entry in file.request.items() if file.openapi is None else ():
        with _noted(found, f"{path}: request.{name}"):
            requests.append(_request(name, entry, path.parent, secrets))
    for name, service in file.service.items():
        with _noted(found, f"{path}: service.{name}"):
            targets.append(_target(name, service, path.parent, secrets, allow_remote=allow_remote))
    users = None if file.locustfile is None else (path.parent / file.locustfile).resolve()
    if users is not None and not users.is_file():
        found.append(f"{path}: locustfile: {users} is no file.")
    found += [f"{path}: {key}: describes none." for key in ("service", "request") if not getattr(file, key)]
    if found:
        raise Mistakes(secrets.masked("\n".join(found)))
    about: dict[str, Any] = {"requests": tuple(requests), "locustfile": users, "tls": tls, "described": True}
    return [replace(each, **about) for each in targets]


@contextmanager
def _noted(found: list[str], where: str) -> Iterator[None]:
    """Add a mistake that is found in the context to a list, and go on."""
    try:
        yield
    except ValueError as error:
        found.append(f"{where}: {str(error).rstrip('.')}.")


def _told(error: ValidationError) -> Iterator[str]:
    for each in error.errors(include_url=False, include_input=False):
        key = ".".join(str(part) for part in each["loc"]) or "the file"
        match each["type"]:
            case "extra_forbidden":
                yield f"{key}: there is no such key."
            case "missing":
                yield f"{key}: is missing."
            case _:
                yield f"{key}: {each['msg'].removeprefix('Value error, ')}."


def _target(name: str, entry: ServiceEntry, folder: Path, secrets: Secrets, *, allow_remote: bool) -> Target:
    if not name.isprintable() or not name:
        raise ValueError("its name takes printable characters")
    if entry.url is not None:
        url = secrets.expanded(entry.url)
        if "@" in url:  # not repeated: it may be a password
            raise ValueError("url: must not contain a user name or a password")
        if not is_origin(url):
            raise ValueError("url: reads http://HOST:PORT")
        allowed(url, allow_remote=allow_remote)
        return Target(name, url.rstrip("/"), slots=entry.slots, pools=_pools(entry))
    assert entry.run is not None
    where = (folder / entry.cwd).resolve()
    if not where.is_dir():
        raise ValueError(f"cwd: {where} is no folder")
    if entry.ready is not None and not entry.ready.startswith("/"):
        raise ValueError("ready: must begin with a slash")
    environment = {key: secrets.expanded(value) for key, value in entry.env.items()}
    secrets.headers(environment)  # variables are named like headers
    start = Start(
        _words(entry.run, secrets),
        where,
        environment,
        entry.ready,
        tuple(_words(command, secrets) for command in entry.build),
        tuple(_words(command, secrets) for command in entry.before),
    )
    return Target(name, "", start=start, slots=entry.slots, pools=_pools(entry))


def _pools(entry: ServiceEntry) -> tuple[Pool, ...]:
    found = []
    for name, pool in entry.pools.items():
        try:
            held = checked(Duration, [("duration", pool.held)], LONGEST_HELD).duration
        except ValidationError:
            held = 0.0
        if not held:
            raise ValueError(f"pools.{name}.held: is a duration such as 20ms; got {pool.held!r}")
        found.append(Pool(name, pool.size, held))
    return tuple(found)


def _words(command: str, secrets: Secrets) -> tuple[str, ...]:
    """Return the words of a command. A variable stays within its word, whatever its value holds."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ValueError(f"{command!r} is no command: {error}") from None
    if not words:
        raise ValueError(f"{command!r} is no command")
    return tuple(map(secrets.expanded, words))


def _request(name: str, entry: RequestEntry, folder: Path, secrets: Secrets) -> Request:
    headers = {key: secrets.expanded(value) for key, value in entry.headers.items()}
    secrets.headers(headers)
    body = None if entry.body is None else secrets.expanded(entry.body)
    if entry.file is not None:
        body = _text(folder / entry.file, "file")
    if entry.json_ is not None:
        body = json.dumps(_expanded(entry.json_, secrets))
        headers = as_json(headers)
    query = {key: _query(value, secrets) for key, value in entry.query.items()}
    path = secrets.expanded(entry.path)
    if query:
        path += ("&" if "?" in path else "?") + urlencode(query, safe="{}")
    method = (entry.method or ("GET" if body is None else "POST")).upper()
    if method not in METHODS:
        raise ValueError(f"method: is one of {', '.join(METHODS)}; got {entry.method!r}")
    rows = _rows(folder / entry.csv) if entry.csv else ()
    wanted = {key: secrets.expanded(value) for key, value in entry.expect.header.items()}
    secrets.headers(wanted)
    due = Expected(entry.expect.status, wanted, secrets.expanded(entry.expect.body))
    return Request(path, method, headers, body, due, name, entry.weight, rows)


def _of_document(file: File, folder: Path, secrets: Secrets, say: Callable[[str], None]) -> tuple[Request, ...]:
    headers = {key: secrets.expanded(value) for key, value in file.headers.items()}
    secrets.headers(headers)
    assert file.openapi is not None
    wanted = openapi.Wanted(tuple(file.include), tuple(file.exclude), file.unsafe, headers)
    known = openapi.read(folder / file.openapi, wanted)
    for request in known.requests:
        secrets.headers(request.headers)
    if known.left_out:
        say(known.left_out)
    return known.requests


def _query(value: str | float, secrets: Secrets) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return secrets.expanded(value)
        case _:
            return str(value)


def _expanded(value: Any, secrets: Secrets) -> Any:
    """Return a JSON value with the variables in its texts replaced."""
    match value:
        case str():
            return secrets.expanded(value)
        case dict():
            return {key: _expanded(inner, secrets) for key, inner in value.items()}
        case list():
            return [_expanded(inner, secrets) for inner in value]
        case None | bool() | int() | float():
            return value
        case _:  # TOML has dates and times, and JSON has not
            return str(value)


def _text(path: Path, key: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{key}: {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{key}: {path} is not text in UTF-8") from None


def _rows(path: Path) -> tuple[Mapping[str, str], ...]:
    """Return the rows of a CSV file whose first line has the names of its columns."""
    rows = tuple(csv.DictReader(_text(path, "csv").splitlines()))
    if not rows:
        raise ValueError(f"csv: {path} has no row")
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise ValueError(f"csv: {path}: line {number} has more or fewer cells than the first line")
        if not all(value.isprintable() for value in row.values()):
            raise ValueError(f"csv: {path}: line {number} has characters that cannot be printed")
    return rows
