"""gunicorn's worker classes for aiohttp applications: one event loop in each process."""

from importlib.util import find_spec

UVLOOP = "aiohttp.GunicornUVLoopWebWorker"
ASYNCIO = "aiohttp.GunicornWebWorker"

DEFAULT = UVLOOP if find_spec("uvloop") else ASYNCIO

CHOICES = {UVLOOP: "on uvloop, the default if it is installed", ASYNCIO: "on asyncio's own event loop"}
"""The worker classes, each with a short description."""
