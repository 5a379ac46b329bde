"""gunicorn's worker classes for aiohttp applications: one event loop in each process."""

from importlib.util import find_spec

UVLOOP = "aiohttp.GunicornUVLoopWebWorker"
ASYNCIO = "aiohttp.GunicornWebWorker"

DEFAULT = UVLOOP if find_spec("uvloop") else ASYNCIO

CHOICES = {UVLOOP: "on uvloop, the default where it is installed", ASYNCIO: "on asyncio's own loop"}
"""Each with a word on it."""
