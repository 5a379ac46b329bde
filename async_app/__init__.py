"""The non-blocking twin, on aiohttp: each waiting request holds a coroutine."""
