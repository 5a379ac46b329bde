"""A program that measures latency: 60 requests, 20 a second, one after the other.

Task: print the latency that users would have seen. They want to be served when a request is due, not when it is sent.
The check freezes the service for more than a second, and compares the p90 that this prints.
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
            began = time.perf_counter()
            async with session.get(f"{URL}/frozen") as response:
                await response.read()
            latencies.append(time.perf_counter() - began)
    return latencies


if __name__ == "__main__":
    latencies = sorted(asyncio.run(measure()))
    print(f"p90 {latencies[int(0.9 * REQUESTS) - 1] * 1000:.0f} ms")
