"""A program that measures latency from the time at which each request is due.

While the service is frozen, requests that are due are not sent. Counted from their sending, they would seem fast, and a
freeze of a second would be one slow request of 60.
"""

import asyncio
import os
import time

import aiohttp

URL = os.environ["UPSTREAM_URL"]
REQUESTS, RATE = 60, 20


async def measure() -> list[float]:
    latencies = []
    start = time.perf_counter()
    async with aiohttp.ClientSession() as session:
        for number in range(REQUESTS):
            due = start + number / RATE
            await asyncio.sleep(max(0, due - time.perf_counter()))
            async with session.get(f"{URL}/frozen") as response:
                await response.read()
            latencies.append(time.perf_counter() - due)
    return latencies


if __name__ == "__main__":
    latencies = sorted(asyncio.run(measure()))
    print(f"p90 {latencies[int(0.9 * REQUESTS) - 1] * 1000:.0f} ms")
