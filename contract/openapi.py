"""The contract as an OpenAPI 3.1 document, generated from the table of operations."""

from collections.abc import Iterable
from typing import Any

from .operation import Operation
from .parameters import Fanout, Parameters
from .problems import PROBLEM
from .replies import HTML, JSON, TEXT, Reply, as_json

REFUSALS = {
    400: "A parameter or the body is invalid",
    403: "A page of another origin sends the request",
    411: "The length of the request body is unknown",
    413: "The request body is too long",
    415: "The request body has a Content-Encoding",
    502: "The upstream is unreachable or its response is invalid",
    503: "Too many requests are in flight, no connection is free, or the service behind the endpoint is unavailable",
    504: "The wait timed out",
    507: "The disk is full",
}
REFUSED = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}

STRING = {"type": "string"}
WAITS = {
    "description": "How the n waits were made: one after the other (sequential), or all at once (concurrent)",
    "required": True,
    "schema": {"type": "string", "pattern": "^(sequential|concurrent); n=[0-9]+$"},
}
PROBLEM_SCHEMA = {
    "type": "object",
    "description": "RFC 9457 problem details",
    "required": ["type", "title", "status", "detail"],
    "properties": {"type": STRING, "title": STRING, "status": {"type": "integer"}, "detail": STRING},
}


def reply(operations: Iterable[Operation]) -> Reply:
    """Return the document as a response."""
    return Reply(as_json(document(operations)))


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """Build the OpenAPI document, which is the same for every service and all settings."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sync vs. Async",
            "version": "1",
            "description": "Endpoints that wait for slow I/O, identical in a blocking and a non-blocking service.",
        },
        "servers": [{"url": "/"}],
        "paths": {operation.path: {operation.method.lower(): _operation(operation)} for operation in operations},
        "components": {"schemas": {"Problem": PROBLEM_SCHEMA}},
    }


def _operation(operation: Operation) -> dict[str, Any]:
    statuses = (400, *((403,) if operation.takes.from_body else ()), 411, 413, 415, *operation.refusals)
    return {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"Waits for {operation.waits_for}.",
        "parameters": parameters(operation),
        **_body(operation.takes),
        "responses": {
            operation.status: {"description": "Normal response", **_headers(operation), "content": _content(operation)},
            **{str(status): {"description": REFUSALS[status], "content": REFUSED} for status in statuses},
        },
    }


def parameters(operation: Operation) -> list[dict[str, Any]]:
    """Return the parameters of an operation, except those in headers and bodies, as OpenAPI describes them."""
    takes = operation.takes
    schemas = _schemas(takes)
    rows = []
    for name, field in takes.model_fields.items():
        if name in takes.from_elsewhere():
            continue
        schema = schemas[name]
        if "default" in schema and schema["type"] == "string":  # as a client would send it
            schema["default"] = f"{field.default:g}s" if isinstance(field.default, float) else str(field.default)
        in_path = f"{{{name}}}" in operation.path
        rows.append(
            {
                "name": name,
                "in": "path" if in_path else "query",
                "required": field.is_required(),
                "description": takes.limits(name, "MAX_DURATION"),
                "schema": schema,
            }
        )
    return rows


def _headers(operation: Operation) -> dict[str, Any]:
    return {"headers": {"Waits": WAITS}} if issubclass(operation.takes, Fanout) else {}


def _body(takes: type[Parameters]) -> dict[str, Any]:
    if takes.from_body is None:
        return {}
    content = {_bare(TEXT): {"schema": _schemas(takes)[takes.from_body]}}
    return {"requestBody": {"required": True, "description": takes.limits(takes.from_body, ""), "content": content}}


def _schemas(takes: type[Parameters]) -> dict[str, dict[str, Any]]:
    schemas = takes.model_json_schema().get("properties", {})
    return {
        name: {key: value for key, value in schema.items() if key not in ("title", "description")}
        for name, schema in schemas.items()
    }


def _content(operation: Operation) -> dict[str, Any]:
    kind = "object" if operation.media_type == JSON else "string"
    content: dict[str, Any] = {_bare(operation.media_type): {"schema": {"type": kind}}}
    if operation.path == "/":
        content[_bare(HTML)] = {"schema": STRING}
    return content


def _bare(media_type: str) -> str:
    return media_type.partition(";")[0]
