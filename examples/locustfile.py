"""Customers of the shop as Locust users: each of them searches, looks at a product, and orders it."""

import os
from itertools import cycle
from uuid import uuid4

from locust import HttpUser, constant, task

TOKEN = os.environ["TOKEN"]
LETTERS = cycle("aeiou")


class Customer(HttpUser):
    """A customer who thinks for a tenth of a second before each order."""

    wait_time = constant(0.1)

    @task
    def order(self) -> None:
        """Order the first product whose name has a certain letter."""
        found = self.client.get(f"/products?search={next(LETTERS)}", name="search").json()
        product = found[0]["id"]
        self.client.get(f"/products/{product}", name="product")
        order = {"id": str(uuid4()), "product": product}
        self.client.post("/orders", json=order, headers={"Authorization": f"Bearer {TOKEN}"}, name="order")
