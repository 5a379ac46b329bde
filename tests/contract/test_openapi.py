import json
from typing import Any

import jsonschema_rs
import pytest
import schemathesis

from contract import openapi
from contract.operation import Operation
from contract.operations import OPERATIONS
from contract.parameters import Nothing
from contract.settings import Settings
from tests.contract.support.asking import BY_NAME, whole

DOCUMENT = openapi.document(OPERATIONS)
EVERY = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


def described(operation: Operation) -> dict[str, Any]:
    (item,) = DOCUMENT["paths"][operation.path].values()
    assert isinstance(item, dict)
    return item


def parameters(operation: Operation) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = described(operation)["parameters"]
    return rows


def test_the_document_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(DOCUMENT).validate()


def test_the_paths_of_the_document_are_those_of_the_table_in_its_order() -> None:
    assert list(DOCUMENT["paths"]) == [operation.path for operation in OPERATIONS]
    assert [described(operation)["operationId"] for operation in OPERATIONS] == [
        operation.name for operation in OPERATIONS
    ]


@EVERY
def test_each_operation_has_its_one_method(operation: Operation) -> None:
    assert list(DOCUMENT["paths"][operation.path]) == [operation.method.lower()]


def test_the_operation_answers_the_document() -> None:
    operation = next(operation for operation in OPERATIONS if operation.name == "openapi")
    assert json.loads(whole(operation.reply(Nothing(), None))) == DOCUMENT


@EVERY
def test_each_parameter_is_there_in_its_place(operation: Operation) -> None:
    fields = operation.takes.model_fields
    assert {(row["name"], row["in"], row["required"]) for row in parameters(operation)} == {
        (name, "path" if f"{{{name}}}" in operation.path else "query", fields[name].is_required())
        for name in fields
        if name not in operation.takes.from_elsewhere()
    }


@EVERY
def test_each_default_is_what_a_request_without_the_parameter_means(operation: Operation) -> None:
    defaults = {row["name"]: row["schema"]["default"] for row in parameters(operation) if not row["required"]}
    for row in parameters(operation):
        if not row["required"]:
            jsonschema_rs.validate(row["schema"], row["schema"]["default"])
    if defaults:
        spelt_out = "&".join(f"{name}={value}" for name, value in defaults.items())
        path = operation.example.partition("?")[0]
        left_out = operation.parse(path, {}, Settings())
        assert operation.parse(f"{path}?{spelt_out}", {}, Settings()) == left_out


@EVERY
def test_each_status_that_it_may_answer_is_there(operation: Operation) -> None:
    responses = described(operation)["responses"]
    refusals = {str(status) for status in (400, 411, 413, 415, *operation.refusals)}
    refusals |= {"403"} if operation.takes.from_body else set()
    assert responses.keys() == {operation.status} | refusals
    for status in refusals:
        assert list(responses[status]["content"]) == ["application/problem+json"]


@pytest.mark.parametrize(
    ("name", "status", "content"),
    [
        ("index", "200", {"application/json": "object", "text/html": "string"}),
        ("fetch", "200", {"application/json": "object"}),
        ("answer", "202", {"application/json": "object"}),
        ("favicon", "200", {"image/svg+xml": "string"}),
        ("drip", "default", {"text/plain": "string"}),
        ("sse", "200", {"text/event-stream": "string"}),
        ("metrics", "200", {"text/plain": "string"}),
    ],
)
def test_what_is_no_refusal_has_its_status_and_its_media_type(name: str, status: str, content: dict[str, str]) -> None:
    response = described(BY_NAME[name])["responses"][status]
    assert {media: row["schema"]["type"] for media, row in response["content"].items()} == content


@EVERY
def test_a_header_says_how_n_waits_were_made_where_a_mode_asks_for_it(operation: Operation) -> None:
    headers = described(operation)["responses"][operation.status].get("headers", {})
    assert [*headers] == (["Waits"] if "mode" in operation.takes.model_fields else [])
    for how, valid in {"sequential; n=5": True, "concurrent; n=100": True, "idiomatic; n=5": False}.items():
        assert all(jsonschema_rs.is_valid(each["schema"], how) == valid for each in headers.values())


@EVERY
def test_a_body_is_there_where_one_is_read(operation: Operation) -> None:
    assert ("requestBody" in described(operation)) == (operation.takes.from_body is not None)


def test_the_body_of_an_answer_is_text_with_its_limits() -> None:
    assert described(BY_NAME["answer"])["requestBody"] == {
        "required": True,
        "description": "UTF-8 text without NUL, of 1 to 4096 bytes",
        "content": {"text/plain": {"schema": {"type": "string", "minLength": 1, "maxLength": 4096}}},
    }


@pytest.mark.parametrize(
    ("name", "parameter", "good", "bad"),
    [
        ("delay", "duration", ["0", "1.5s", ".5", "250ms"], ["", "1h", "-1", "1 s"]),
        ("file", "size", ["0", "1000", "64KiB", "1MiB"], ["", "1KB", "1.5MiB", "-1"]),
        ("ask", "question", ["lunch", "a-1", "x" * 64], ["", "Lunch", "a b", "x" * 65]),
        ("drip", "numbytes", [1, 2**20], [0, 2**20 + 1]),
        ("drip", "code", [200, 599], [199, 600]),
        ("sse", "count", [1, 100], [0, 101]),
    ],
)
def test_a_schema_accepts_what_the_service_does(name: str, parameter: str, good: list[Any], bad: list[Any]) -> None:
    (schema,) = [row["schema"] for row in parameters(BY_NAME[name]) if row["name"] == parameter]
    assert [value for value in good if not jsonschema_rs.is_valid(schema, value)] == []
    assert [value for value in bad if jsonschema_rs.is_valid(schema, value)] == []
