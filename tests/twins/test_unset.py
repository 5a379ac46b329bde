"""Services without UPSTREAM_URL, DATABASE_URL or FILE_DIRECTORY: refusals that name the variable, and no guesses."""

import json

import pytest
from pytest_aiohttp import AiohttpClient

import async_app.app
import sync_app.app
from contract.settings import Settings

NEEDS = pytest.mark.parametrize(
    ("method", "target", "variable"),
    [
        *(("GET", f"/fetch?delay=0&n=3&mode={mode}", "UPSTREAM_URL") for mode in ("idiomatic", "concurrent")),
        *(("GET", f"/query?delay=0&n=3&mode={mode}", "DATABASE_URL") for mode in ("idiomatic", "concurrent")),
        ("GET", "/ask/lunch?timeout=0", "DATABASE_URL"),
        ("POST", "/answer/lunch", "DATABASE_URL"),
    ],
)


def check(status: int, headers: dict[str, str], body: bytes, variable: str) -> None:
    assert (status, headers["Retry-After"], headers["Content-Type"]) == (503, "60", "application/problem+json")
    told = json.loads(body)["detail"]
    assert told == f"The service was started without {variable}, which this endpoint needs."


@NEEDS
def test_sync_app_names_the_variable(method: str, target: str, variable: str) -> None:
    client = sync_app.app.create_app(Settings()).test_client()
    response = client.open(target, method=method, data=b"soup" if method == "POST" else b"")
    check(response.status_code, dict(response.headers), response.data, variable)


@NEEDS
async def test_async_app_names_the_variable(
    method: str, target: str, variable: str, aiohttp_client: AiohttpClient
) -> None:
    client = await aiohttp_client(async_app.app.create_app(Settings()))
    response = await client.request(method, target, data=b"soup" if method == "POST" else None)
    check(response.status, dict(response.headers), await response.read(), variable)


@pytest.mark.parametrize("target", ["/file?size=1", "/drip?duration=0", "/sse?count=1", "/metrics", "/healthz"])
async def test_all_else_works_on_both(target: str, aiohttp_client: AiohttpClient) -> None:
    assert sync_app.app.create_app(Settings()).test_client().get(target).status_code == 200
    client = await aiohttp_client(async_app.app.create_app(Settings()))
    assert (await client.get(target)).status == 200


async def test_a_missing_directory_is_a_503_and_says_nothing_of_where(aiohttp_client: AiohttpClient) -> None:
    settings = Settings(file_directory="/missing/secret")
    sync = sync_app.app.create_app(settings).test_client().get("/file?size=1")
    client = await aiohttp_client(async_app.app.create_app(settings))
    response = await client.get("/file?size=1")
    assert sync.status_code == response.status == 503
    assert sync.data == await response.read()
    assert b"FILE_DIRECTORY" in sync.data
    assert b"secret" not in sync.data
