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

DOCUMENT = openapi.document(OPERATIONS)
EVERY = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


def parameters(operation: Operation) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = DOCUMENT["paths"][operation.path]["get"]["parameters"]
    return rows


def test_it_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(DOCUMENT).validate()


def test_its_paths_are_those_of_the_table_in_its_order() -> None:
    assert list(DOCUMENT["paths"]) == [operation.path for operation in OPERATIONS]
    assert [item["get"]["operationId"] for item in DOCUMENT["paths"].values()] == [
        operation.name for operation in OPERATIONS
    ]


def test_the_operation_answers_the_document() -> None:
    operation = next(operation for operation in OPERATIONS if operation.name == "openapi")
    assert json.loads(operation.reply(Nothing(), None).body) == DOCUMENT


@EVERY
def test_each_parameter_is_there_in_its_place(operation: Operation) -> None:
    fields = operation.takes.model_fields
    assert {(row["name"], row["in"], row["required"]) for row in parameters(operation)} == {
        (name, "path" if f"{{{name}}}" in operation.path else "query", fields[name].is_required())
        for name in fields
        if name not in operation.takes.from_headers
    }


@EVERY
def test_each_default_is_what_a_request_without_the_parameter_means(operation: Operation) -> None:
    defaults = {row["name"]: row["schema"]["default"] for row in parameters(operation) if not row["required"]}
    for row in parameters(operation):
        if not row["required"]:
            jsonschema_rs.validate(row["schema"], row["schema"]["default"])
    if defaults:
        spelt_out = "&".join(f"{name}={value}" for name, value in defaults.items())
        left_out = operation.parse(operation.path, {}, Settings())
        assert operation.parse(f"{operation.path}?{spelt_out}", {}, Settings()) == left_out


@EVERY
def test_each_status_that_it_may_answer_is_there(operation: Operation) -> None:
    responses = DOCUMENT["paths"][operation.path]["get"]["responses"]
    assert {int(status) for status in responses} == {200, 400, 411, 413, *operation.refusals}
    for status, response in responses.items():
        if status != "200":
            assert list(response["content"]) == ["application/problem+json"]
