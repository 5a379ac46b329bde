"""Requests from the examples of an OpenAPI document."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from contract.openapi import document
from contract.operations import OPERATIONS
from loadtest.contenders.openapi import Found, Wanted, read
from loadtest.contenders.request import Expected, Request

OK = {"200": {"description": "fine"}}
SHOP: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "shop", "version": "1"},
    "servers": [{"url": "https://shop.example/v1"}],
    "components": {
        "schemas": {
            "Item": {
                "type": "object",
                "required": ["name", "left"],
                "properties": {"name": {"type": "string", "example": "soup"}, "left": {"type": "integer"}},
            }
        },
        "parameters": {
            "Id": {
                **{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                "examples": {"one": {"value": "a/b"}, "other": {"value": "8"}},
            }
        },
    },
    "paths": {
        "/items/{id}": {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "get": {
                "operationId": "item",
                "parameters": [
                    {"name": "tags", "in": "query", "example": ["a", "b c"], "schema": {"type": "array"}},
                    {"name": "hot", "in": "query", "schema": {"type": "boolean", "example": True}},
                    {"name": "page", "in": "query", "required": True, "schema": {"type": "integer", "default": 1}},
                    {"name": "X-Kind", "in": "header", "example": 7, "schema": {"type": "integer"}},
                    {"name": "sid", "in": "cookie", "example": "s t", "schema": {"type": "string"}},
                    {"name": "unknown", "in": "query", "schema": {"type": "string"}},
                ],
                "responses": {"404": {"description": "none"}, "203": {"description": "a copy"}, **OK},
            },
            "put": {
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}},
                },
                "responses": {"2XX": {"description": "fine"}},
            },
        },
        "/search": {
            "get": {
                "parameters": [{"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}],
                "responses": OK,
            },
            "post": {
                "requestBody": {"required": True, "content": {"text/plain": {"schema": {"type": "string"}}}},
                "responses": OK,
            },
        },
        "/old": {"get": {"responses": {"301": {"description": "moved"}}}},
        "/form": {
            "post": {
                "requestBody": {
                    "content": {"application/x-www-form-urlencoded": {"example": {"a": "b c"}, "schema": {}}}
                },
                "responses": {"default": {"description": "any"}},
            }
        },
    },
}


def found(folder: Path, described: object = SHOP, wanted: Wanted | None = None, name: str = "api.json") -> Found:
    (folder / name).write_text(described if isinstance(described, str) else json.dumps(described))
    return read(folder / name, wanted or Wanted())


def test_the_examples_of_get_operations_become_requests_and_the_rest_is_named(tmp_path: Path) -> None:
    known = found(tmp_path, wanted=Wanted(headers={"x-kind": "8", "Key": "k"}))
    query = "tags=a&tags=b+c&hot=true&page=1"
    headers = {"Cookie": "sid=s%20t", "x-kind": "8", "Key": "k"}
    first, second = known.requests
    assert (first.name, first.method, first.headers, first.expected) == ("item", "GET", headers, Expected(200))
    assert (second.name, second.path.partition("?")[0]) == ("item 2", "/v1/items/8")
    assert first.path.partition("?")[0] == "/v1/items/a%2Fb"
    for each in known.requests:
        assert sorted(each.path.partition("?")[2].split("&")) == sorted(query.split("&"))
    assert known.left_out == (
        "api.json: left out GET /v1/search (no example of q); GET /v1/old (no status of success)."
    )
    assert found(tmp_path, wanted=Wanted(headers={"x-kind": "8", "Key": "k"})) == known


def test_other_methods_need_unsafe_and_patterns_choose(tmp_path: Path) -> None:
    for wanted, names in (
        (Wanted(unsafe=True), ["item", "item 2", "PUT /v1/items/{id}", "PUT /v1/items/{id} 2", "POST /v1/form"]),
        (Wanted(("PUT *", "* /v1/form"), ("* /v1/items*",), unsafe=True), ["POST /v1/form"]),
        (Wanted(exclude=("GET /v1/s*", "GET /v1/old")), ["item", "item 2"]),
    ):
        known = found(tmp_path, wanted=wanted)
        assert [each.name for each in known.requests] == names
    assert known.left_out is None
    put, _, form = found(tmp_path, wanted=Wanted(exclude=("GET *",), unsafe=True)).requests
    assert (put.body, put.headers) == ('{"name": "soup", "left": 0}', {"Content-Type": "application/json"})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert form == Request("/v1/form", "POST", kind, "a=b+c", Expected(200), "POST /v1/form")


def test_the_contract_of_the_project_makes_requests(tmp_path: Path) -> None:
    known = found(tmp_path, document(OPERATIONS))
    told = {each.told for each in known.requests}
    assert {"GET /", "GET /healthz", "GET /fetch", "GET /query", "GET /metrics"} <= told
    assert all(each.expected == Expected(200) and each.fixed for each in known.requests)
    assert known.left_out
    assert "GET /delay/{duration}, GET /cpu/{duration}, " in known.left_out
    assert "/answer" not in known.left_out  # a POST


@pytest.mark.parametrize(
    ("described", "wanted", "complaint"),
    [
        ("{", None, "{path} is no OpenAPI document: API schema does not appear syntactically valid"),
        ({"openapi": "3.0.0"}, None, '{path} is no OpenAPI document: "info" is a required property'),
        (
            {**SHOP, "paths": {"/": {"get": {"parameters": [{"$ref": "#/gone"}], "responses": OK}}}},
            None,
            "{path} is no OpenAPI document: Reference: #/gone",
        ),
        ({**SHOP, "paths": {}}, None, "api.json describes no request"),
        (
            SHOP,
            Wanted(("GET /v1/old",)),
            "api.json describes no request: GET /v1/old (no status of success)",
        ),
        (SHOP, Wanted(("GET /old",)), "no operation of api.json matches 'GET /old'; patterns read 'METHOD /path'"),
        (SHOP, Wanted((), ("/v1/old",)), "no operation of api.json matches '/v1/old'; patterns read 'METHOD /path'"),
        (SHOP, Wanted(("PUT *",)), "PUT /v1/items/{id} is not safe to repeat: allow that with unsafe"),
    ],
)
def test_a_document_without_requests_is_refused(
    described: object, wanted: Wanted | None, complaint: str, tmp_path: Path
) -> None:
    whole = re.escape(complaint.replace("{path}", str(tmp_path / "api.json")))
    with pytest.raises(ValueError, match=f"^{whole}$"):
        found(tmp_path, described, wanted)


def test_a_missing_library_or_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"/gone\.json cannot be read: No such file or directory$"):
        read(tmp_path / "gone.json", Wanted())
    monkeypatch.setitem(sys.modules, "schemathesis", None)
    with pytest.raises(
        ValueError, match=r"is read with schemathesis, which is not installed: pip install schemathesis$"
    ):
        found(tmp_path)
