"""The non-blocking twin, on aiohttp: a request that waits holds a coroutine."""
