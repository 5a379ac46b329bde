"""Requests from an OpenAPI document: the examples of its operations."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from .request import METHODS, Expected, Request, as_json

if TYPE_CHECKING:
    from schemathesis.specs.openapi.schemas import OpenApiOperation

SAFE = ("GET",)
"""Methods of requests that are made without `unsafe`."""

LIBRARY = "schemathesis"

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Wanted:
    """The operations to choose by patterns of `METHOD /path`, in which * is any text, and headers for all of them."""

    include: tuple[str, ...] = ()
    """All operations without one."""
    exclude: tuple[str, ...] = ()
    unsafe: bool = False
    """True: of every method."""
    headers: Mapping[str, str] | None = None

    def takes(self, name: str) -> bool:
        """Return True if the operation `METHOD /path` is wanted, its method aside."""
        included = not self.include or any(fnmatchcase(name, each) for each in self.include)
        return included and not any(fnmatchcase(name, each) for each in self.exclude)


@dataclass(frozen=True)
class Found:
    """The requests of a document."""

    requests: tuple[Request, ...]
    left_out: str | None
    """A sentence that names the operations that make no request, and why; None if all do."""


class _NoRequest(Exception):
    """An operation makes no request. The message says what is missing, in a few words."""


def read(path: Path, wanted: Wanted) -> Found:
    """Return the requests of the document at `path`, in its order: one for each example of each operation.

    They are the same each time. Raises ValueError if there is none, or if the document cannot be used.
    """
    operations = {f"{each.method.upper()} {each.full_path}": each for each in _operations(path)}
    for pattern in (*wanted.include, *wanted.exclude):
        named = [name for name in operations if fnmatchcase(name, pattern)]
        if not named:
            raise ValueError(f"no operation of {path.name} matches {pattern!r}; patterns read 'METHOD /path'")
        if pattern in wanted.include and not any(_allowed(name, wanted) for name in named):
            raise ValueError(f"{named[0]} is not safe to repeat: allow that with unsafe")
    requests: dict[str, Request] = {}
    left_out: dict[str, list[str]] = {}
    for name, operation in operations.items():
        if not wanted.takes(name) or not _allowed(name, wanted):
            continue
        try:
            known = str(operation.definition.raw.get("operationId") or name)
            for each in _requests(known, operation, wanted.headers or {}):
                requests.setdefault(each.name, each)
        except (_NoRequest, ValueError) as error:
            left_out.setdefault(str(error), []).append(name)
    told = "; ".join(f"{', '.join(names)} ({why})" for why, names in left_out.items())
    if not requests:
        raise ValueError(f"{path.name} describes no request{f': {told}' if told else ''}")
    return Found(tuple(requests.values()), f"{path.name}: left out {told}." if told else None)


def _allowed(name: str, wanted: Wanted) -> bool:
    method = name.partition(" ")[0]
    return method in SAFE or (wanted.unsafe and method in METHODS)


def _operations(path: Path) -> Iterator["OpenApiOperation"]:
    try:
        from schemathesis import openapi  # noqa: PLC0415 - not part of every installation
        from schemathesis.config import SchemathesisConfig  # noqa: PLC0415
        from schemathesis.core.errors import SchemathesisError  # noqa: PLC0415
        from schemathesis.core.result import Ok  # noqa: PLC0415
    except ModuleNotFoundError as error:
        name = error.name if error.name not in (None, "schemathesis") else LIBRARY
        raise ValueError(f"{path.name} is read with {name}, which is not installed: pip install {LIBRARY}") from None
    try:
        document = openapi.from_path(path, config=SchemathesisConfig())  # not one of the current folder
        for each in document.get_all_operations():
            if not isinstance(each, Ok):
                raise each.err()
            yield each.ok()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except (SchemathesisError, ValueError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        told = [*lines, lines[0]][lines.index("Error details:") + 1] if "Error details:" in lines else lines[0]
        raise ValueError(f"{path} is no OpenAPI document: {told.rstrip('.')}") from None


def _requests(name: str, operation: "OpenApiOperation", headers: Mapping[str, str]) -> Iterator[Request]:
    """Yield a request for each example of an operation. Raises _NoRequest if a value that it needs has none."""
    status = _success(operation.responses.status_codes)
    seen: list[Request] = []
    for values in _examples(operation):
        request = _request(name if not seen else f"{name} {len(seen) + 1}", operation, values, headers, status)
        if request.sent(1) not in [each.sent(1) for each in seen]:
            seen.append(request)
    yield from seen


def _examples(operation: "OpenApiOperation") -> list[dict[str, Any]]:
    """Return the values of each example: of `path_parameters`, `query`, `headers`, `cookies` and `body`."""
    from schemathesis.specs.openapi import examples  # noqa: PLC0415 - see above

    every = [*examples.extract_top_level(operation), *examples.extract_from_schemas(operation)]
    found = [*examples.produce_combinations(every)] or [{}]
    for parameter in operation.iter_parameters():
        if not parameter.is_required:
            continue
        where = parameter.location.container_name
        default = (parameter.definition.get("schema") or parameter.definition).get("default")
        for values in found:
            if values.get(where, {}).get(parameter.name, default) is None:
                raise _NoRequest(f"no example of {parameter.name}")
            values[where] = {parameter.name: default} | values.get(where, {})
    if any(each.is_required for each in operation.body) and not any("body" in values for values in found):
        raise _NoRequest("no example of its body")
    return found


def _request(
    name: str, operation: "OpenApiOperation", values: dict[str, Any], common: Mapping[str, str], status: int
) -> Request:
    write = operation.get_parameter_serializers()
    values = {where: write[where](value) if where in write else value for where, value in values.items()}
    filled = values.get("path_parameters", {})
    path = re.sub(r"\{([^{}]+)\}", lambda place: quote(_text(filled.get(place[1], "")), safe=""), operation.full_path)
    if query := values.get("query"):
        path += f"?{_encoded(query)}"
    headers = {key: _text(value) for key, value in values.get("headers", {}).items()}
    if cookies := values.get("cookies"):
        headers["Cookie"] = "; ".join(f"{key}={quote(_text(value), safe='')}" for key, value in cookies.items())
    body, headers = _body(values, headers)
    given = {key.lower() for key in common}
    headers = {key: value for key, value in headers.items() if key.lower() not in given} | {**common}
    return Request(path, operation.method.upper(), headers, body, Expected(status), name)


def _body(values: dict[str, Any], headers: dict[str, str]) -> tuple[str | None, dict[str, str]]:
    if "body" not in values:
        return None, headers
    value, kind = values["body"], values["media_type"]
    if "json" in kind:
        return json.dumps(value), as_json({"Content-Type": kind, **headers})
    if kind == FORM and isinstance(value, dict):
        return _encoded(value), {"Content-Type": kind, **headers}
    if kind.startswith("text/") and isinstance(value, str):
        return value, {"Content-Type": kind, **headers}
    raise _NoRequest(f"its body is {kind}")


def _success(statuses: Iterable[str]) -> int:
    """Return the first status of success that is declared; a range or `default` means 200."""
    declared = sorted(str(each).upper() for each in statuses)
    for each in declared:
        if re.fullmatch("2[0-9][0-9]", each):
            return int(each)
    if "2XX" in declared or "DEFAULT" in declared:
        return 200
    raise _NoRequest("no status of success")


def _encoded(values: Mapping[str, Any]) -> str:
    lists = {key: value if isinstance(value, list) else [value] for key, value in values.items()}
    return urlencode({key: [_text(each) for each in value] for key, value in lists.items()}, doseq=True)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
