"""A small shop in FastAPI. While the supplier is slow, a coroutine waits, and the process serves others."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import aiohttp
from fastapi import FastAPI, Header, HTTPException, Path, Query
from pydantic import BaseModel

TOKEN = os.environ["TOKEN"]
SUPPLIER = os.environ.get("SUPPLIER", "http://127.0.0.1:8010")
PRODUCTS = {1: "bread", 2: "butter", 3: "cheese", 4: "honey", 5: "rice", 6: "salt", 7: "soup", 8: "tea"}


class Order(BaseModel):
    """The order of a customer."""

    id: str
    product: int


@asynccontextmanager
async def client(shop: FastAPI) -> AsyncIterator[None]:
    """Open the HTTP client, and close it at the end."""
    connector = aiohttp.TCPConnector(limit=0)  # as many connections as it takes; by default 100
    async with aiohttp.ClientSession(SUPPLIER, connector=connector) as shop.state.http:
        yield


app = FastAPI(title="A small shop", lifespan=client)


async def pieces_of(product: int) -> int:
    """Ask the supplier how many pieces of a product there are."""
    try:
        async with app.state.http.get(f"/stock/{product}") as answer:
            pieces: int = (await answer.json())["pieces"]
    except aiohttp.ClientError:
        raise HTTPException(502, "no supplier: start examples/supplier.py") from None
    return pieces


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    """Answer at once."""
    return {"state": "ok"}


@app.get("/products")
async def products(search: Annotated[str, Query(examples=["tea"])] = "") -> list[dict[str, str | int]]:
    """List the products whose names contain the text in `search`."""
    return [{"id": number, "name": name} for number, name in PRODUCTS.items() if search in name]


@app.get("/products/{number}")
async def product(number: Annotated[int, Path(examples=[3])]) -> dict[str, str | int]:
    """Show one product, and how many pieces of it there are."""
    if number not in PRODUCTS:
        raise HTTPException(404)
    return {"id": number, "name": PRODUCTS[number], "pieces": await pieces_of(number)}


@app.post("/orders", status_code=201)
async def order(asked: Order, authorization: Annotated[str, Header()] = "") -> dict[str, str | int]:
    """Take an order such as {"id": "7f3a", "product": 3}."""
    if authorization != f"Bearer {TOKEN}":
        raise HTTPException(401)
    return {"id": asked.id, "product": asked.product, "left": await pieces_of(asked.product) - 1}
