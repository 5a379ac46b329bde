"""The contract as an OpenAPI 3.1 document, made from the table of operations."""

from collections.abc import Iterable
from typing import Any

from .operation import Operation
from .problems import PROBLEM
from .replies import HTML, JSON, Reply, as_json

REFUSALS = {
    400: "A parameter cannot be used",
    411: "The body is of unknown length",
    413: "The body is too long",
    503: "Too many requests are in flight",
    504: "What it waited for did not come in time",
}


def reply(operations: Iterable[Operation]) -> Reply:
    """The document as a response."""
    return Reply(as_json(document(operations)))


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """The OpenAPI document: the same for every service, whatever its settings."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sync vs. Async",
            "version": "1",
            "description": "Endpoints that wait, promised alike by a blocking and by a non-blocking service.",
        },
        "servers": [{"url": "/"}],
        "paths": {operation.path: {"get": _operation(operation)} for operation in operations},
        "components": {"schemas": {"Problem": _problem()}},
    }


def _operation(operation: Operation) -> dict[str, Any]:
    statuses = (400, 411, 413, *operation.refusals)
    return {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"Waits for {operation.waits_for}.",
        "parameters": _parameters(operation),
        "responses": {
            "200": {"description": "Done", "content": _content(operation)},
            **{str(status): _refusal(REFUSALS[status]) for status in statuses},
        },
    }


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    takes = operation.takes
    schemas = takes.model_json_schema().get("properties", {})
    rows = []
    for name, field in takes.model_fields.items():
        if name in takes.from_headers:
            continue
        schema = {key: value for key, value in schemas[name].items() if key not in ("title", "description")}
        if isinstance(field.default, float):
            schema["default"] = f"{field.default:g}s"  # as it would be sent
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


def _content(operation: Operation) -> dict[str, Any]:
    content: dict[str, Any] = {JSON: {"schema": {"type": "object"}}}
    if operation.path == "/":
        content[HTML.partition(";")[0]] = {"schema": {"type": "string"}}
    return content


def _refusal(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {PROBLEM: {"schema": schema}}}


def _problem() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "RFC 9457 problem details",
        "required": ["type", "title", "status", "detail"],
        "properties": {"type": text, "title": text, "status": {"type": "integer"}, "detail": text},
    }
