"""A small shop in Flask. Products and orders ask a supplier, who is slow: a thread waits for each answer."""

import os

import urllib3
from flask import Flask, abort, request

TOKEN = os.environ["TOKEN"]
SUPPLIER = os.environ.get("SUPPLIER", "http://127.0.0.1:8010")
PRODUCTS = {1: "bread", 2: "butter", 3: "cheese", 4: "honey", 5: "rice", 6: "salt", 7: "soup", 8: "tea"}

app = Flask(__name__)
http = urllib3.PoolManager(maxsize=32, retries=False)


def pieces_of(product: int) -> int:
    """Ask the supplier how many pieces of a product there are."""
    answer = http.request("GET", f"{SUPPLIER}/stock/{product}")  # holds the thread
    pieces: int = answer.json()["pieces"]
    return pieces


@app.errorhandler(urllib3.exceptions.HTTPError)
def no_supplier(_error: Exception) -> tuple[dict[str, str], int]:
    """Say what is missing."""
    return {"detail": "no supplier: start examples/supplier.py"}, 502


@app.get("/healthz")
def healthz() -> dict[str, str]:
    """Answer at once."""
    return {"state": "ok"}


@app.get("/products")
def products() -> list[dict[str, str | int]]:
    """List the products whose names contain the text in `search`."""
    text = request.args.get("search", "")
    return [{"id": number, "name": name} for number, name in PRODUCTS.items() if text in name]


@app.get("/products/<int:number>")
def product(number: int) -> dict[str, str | int]:
    """Show one product, and how many pieces of it there are."""
    if number not in PRODUCTS:
        abort(404)
    return {"id": number, "name": PRODUCTS[number], "pieces": pieces_of(number)}


@app.post("/orders")
def order() -> tuple[dict[str, str | int], int]:
    """Take an order such as {"id": "7f3a", "product": 3}."""
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        abort(401)
    asked = request.get_json()
    return {"id": asked["id"], "product": asked["product"], "left": pieces_of(asked["product"]) - 1}, 201
