"""The hints for each task, from the first push to almost the solution."""

from collections.abc import Mapping

HINTS: Mapping[int, tuple[str, ...]] = {
    1: (
        "Look at the line that makes the list of texts: each await ends before the next one begins.",
        "A coroutine that is called does not run yet. Which function of asyncio runs several of them at once?",
        "await asyncio.gather(*(fetch(session, part) for part in PARTS)) returns the texts in the order of PARTS.",
    ),
    2: (
        "The last line starts Flask's server. How many requests does it serve at once?",
        "threaded=False gives the server one thread, and a guest who waits holds it.",
        "Leave threaded=False out: Flask's server then has a thread for each request.",
    ),
    3: (
        "A request holds a thread while it waits. How many threads do 40 users need?",
        "gunicorn never has more threads than it is told, so the number that you choose is the bound as well.",
        "Set THREADS to a number from 40 to 64.",
    ),
    4: (
        "How many coroutines does aiohttp allow? As many as come. So what else does a request need here?",
        "A client session takes its connections from a connector. Look up the default of its limit.",
        "aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=...)) has as many connections as you say.",
    ),
    5: (
        "A coroutine gives way only where it awaits. Which line of slow waits without awaiting?",
        "urllib3 holds the thread, and with it the event loop. aiohttp has a client that awaits: ClientSession.",
        "import aiohttp; async with aiohttp.ClientSession() as session, session.get(url) as response: ...",
    ),
    6: (
        "The event loop is free, and yet few calls wait at once. Where do the threads of to_thread come from?",
        "to_thread uses the loop's default executor: min(32, cores + 4) threads. Give the calls a pool of their own.",
        "pool = ThreadPoolExecutor(40), and await asyncio.get_running_loop().run_in_executor(pool, call).",
    ),
    7: (
        "What does a request hold while it waits for the upstream? More connections are not allowed.",
        "The connection goes back to the pool at the end of its async with. Does the upstream need it?",
        "End the block of pool.connection() after fetchone(), and ask the upstream below it.",
    ),
    8: (
        "While Python computes, the event loop stands still. Where else can the computation run?",
        "asyncio.to_thread frees the loop, but threads share one interpreter lock. What has a lock of its own?",
        "pool = ProcessPoolExecutor(2), and await asyncio.get_running_loop().run_in_executor(pool, digits, n).",
    ),
    9: (
        "Four people ask and hold all threads. Which thread takes in the answer that they wait for?",
        "More threads only move the limit. Let fewer people wait than there are threads, and refuse the others.",
        "places = Semaphore(3). If not places.acquire(blocking=False), return a text and 503. Release it at the end.",
    ),
    10: (
        "While the service is frozen, how many requests does this program send? How many users would have come?",
        "A request that is sent late has made its user wait since it was due.",
        "Measure from due, not from began.",
    ),
    11: (
        "How does a request learn how many others are in flight? Count them, or use a semaphore.",
        "A semaphore alone makes requests wait in a queue. Look first whether it is free: asyncio.Semaphore.locked().",
        'If places.locked(), raise web.HTTPServiceUnavailable(headers={"Retry-After": "1"}); else async with places.',
    ),
    12: (
        "Little's law: requests in flight = requests per second x seconds each. How many are that?",
        "20 in flight need 20 slots; the supplier takes 40. Which are limited by themselves, threads or coroutines?",
        "Take the service of task 3, with 25 to 40 threads. asyncio.Semaphore(40) would bound this one.",
    ),
    13: (
        "Start python -m backing.upstream, and let the watcher look: sync-vs-async stalls --config workshop/find.toml.",
        "parts[each] calls __getitem__, which asks the upstream and holds the loop. Where would filled do no harm?",
        "pool = ThreadPoolExecutor(8), and await asyncio.get_running_loop().run_in_executor(pool, filled, names).",
    ),
}
