# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Sync vs. async
#
# Five tasks that wait, an event loop, and two real services under load. You predict, run and compare.
#
# `make notebook` opens this in JupyterLab; every cell can be run and changed. From top to bottom it takes about a
# minute.

# %%
import asyncio
import heapq
import itertools
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import altair as alt
from IPython.display import Markdown, display

from backing.processes import logged
from loadtest.results import schema
from loadtest.verdict.aggregate import rows

alt.renderers.enable("svg")  # drawn here, so that charts need no network
ROOT = Path.cwd().parent  # the folder that this notebook's own folder is in


@contextmanager
def clock(what):
    began = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - began:.1f} s")


# %% [markdown]
# ## Five tasks in a row, and at once
#
# Each task waits for a second, as a request waits for a database. In a row, the waits add up.


# %%
def task(number):
    print(f"task {number} begins")
    time.sleep(1)  # holds the thread
    print(f"task {number} ends")


with clock("in a row"):
    for number in range(1, 6):
        task(number)


# %% [markdown]
# **Predict:** how long do the same five take as coroutines, and in which order do the lines come?


# %%
async def coroutine(number):
    print(f"task {number} begins")
    await asyncio.sleep(1)  # holds this coroutine only
    print(f"task {number} ends")


with clock("at once"):
    await asyncio.gather(*(coroutine(number) for number in range(1, 6)))

# %% [markdown]
# All began before any ended, on one thread.
#
# - A **coroutine** is a function that can pause. Calling it makes a coroutine object and runs nothing.
# - **`await`** is where it pauses. Between two of them, nothing interrupts it.
# - The **event loop** runs one coroutine until it pauses, then another that is ready.

# %%
paused = coroutine(6)
print(paused.__class__.__name__, "that has not begun")
paused.close()


# %% [markdown]
# ## gather and TaskGroup
#
# `gather` returns the results in the order of its arguments. If one fails, the others go on, and nobody waits for
# them. A `TaskGroup` cancels the others, and ends only when all have ended. Prefer the group.


# %%
async def answer(number):
    await asyncio.sleep(0.1 / number)
    return number * number


print(await asyncio.gather(answer(1), answer(2), answer(3)))


async def fail():
    await asyncio.sleep(0.1)
    raise ValueError("no answer")


async def patient():
    try:
        await asyncio.sleep(1)
        print("nobody hears this")
    except asyncio.CancelledError:
        print("cancelled, because another task of the group failed")
        raise


with clock("a group with a failure"):
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(patient())
            group.create_task(fail())
    except* ValueError as errors:
        print("the group raises", errors.exceptions)

# %% [markdown]
# ## An event loop by hand
#
# A generator pauses at `yield`, as a coroutine does at `await`. This is a whole event loop for functions that wait for
# a time: it sleeps until the earliest is due, lets it run until it pauses again, and never runs two at once.


# %%
def tea(name):
    print(f"{name} puts the kettle on")
    yield 0.5  # seconds to wait
    print(f"{name} has tea")


def event_loop(*generators):
    order = itertools.count()  # of two that are due at once, the first comes first
    waiting = [(time.monotonic(), next(order), each) for each in generators]
    while waiting:
        due, _, generator = heapq.heappop(waiting)
        time.sleep(max(0, due - time.monotonic()))  # nobody is ready earlier
        try:
            seconds = next(generator)  # runs until it pauses
        except StopIteration:
            continue
        heapq.heappush(waiting, (time.monotonic() + seconds, next(order), generator))


with clock("by hand"):
    event_loop(tea("Ada"), tea("Grace"), tea("Radia"))


# %% [markdown]
# asyncio's loop also watches sockets: it asks the operating system which of them are ready. `asyncio.run` makes such a
# loop, runs a coroutine on it, and closes it:


# %%
def like_asyncio_run():
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(coroutine(1))
    finally:
        loop.close()


thread = threading.Thread(target=like_asyncio_run)  # a thread of its own, because a loop runs in this one already
thread.start()
thread.join()

# %% [markdown]
# ## Why `asyncio.run` fails in a notebook
#
# The kernel runs its own event loop in the thread that runs the cells, and `asyncio.run` starts no loop inside
# another:

# %%
refused = coroutine(1)
try:
    asyncio.run(refused)
except RuntimeError as error:
    print("RuntimeError:", error)
refused.close()

# %% [markdown]
# Older notebooks patch asyncio with nest_asyncio to allow it. That is not needed: since IPython 7 a cell can `await`,
# as all cells above do. A script has no running loop; `asyncio.run(main())` is right there.
#
# ## What a program waits for: files, the network, a person
#
# **The network** is what event loops are made for. A server and three clients, all in this thread:


# %%
async def serve(reader, writer):
    await reader.readline()
    await asyncio.sleep(0.5)  # a slow service
    writer.write(b"soup\n")
    writer.close()


async def ask(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"lunch?\n")
    said = await reader.readline()
    writer.close()
    return said.decode().strip()


async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
    port = server.sockets[0].getsockname()[1]
    with clock("three requests of 0.5 s"):
        print(await asyncio.gather(ask(port), ask(port), ask(port)))

# %% [markdown]
# **Files** have no such way on most systems: reading one blocks. `asyncio.to_thread` does it on a thread, and the loop
# goes on.


# %%
def store(path):
    path.write_bytes(bytes(50_000_000))
    return path.stat().st_size


async def ticks(done):
    count = 0
    while not done.is_set():
        await asyncio.sleep(0.001)
        count += 1
    return count


async def meanwhile(work):
    done = asyncio.Event()
    counting = asyncio.create_task(ticks(done))
    result = await work
    done.set()
    return result, await counting


with tempfile.TemporaryDirectory() as folder:
    size, ran = await meanwhile(asyncio.to_thread(store, Path(folder) / "large"))
    print(f"{size:,} bytes written; meanwhile another coroutine", "ran" if ran else "stood still")

# %% [markdown]
# **A person** may take for ever. `input()` would hold the thread, and every coroutine with it. A future holds nothing
# but the coroutine that awaits it. Here a timer plays the person; in a service it is another request (`/ask` and
# `/answer` of both services).

# %%
lunch = asyncio.get_running_loop().create_future()
asyncio.get_running_loop().call_later(0.5, lunch.set_result, "soup")
said, ran = await meanwhile(lunch)
print(f"lunch: {said}; meanwhile another coroutine", "ran" if ran else "stood still")

# %% [markdown]
# ## Two real services
#
# `sync_app` is Flask with threads, `async_app` is aiohttp with coroutines. Both answer the same requests. `/fanout`
# waits five times, each in the way of its framework: one wait after the other, or all at once. The services stop at
# the end of the cell, whatever happens.


# %%
@contextmanager
def running(service, *options):
    with logged([sys.executable, "-P", "-m", service, "--port", "0", *options]) as (process, log):
        line = process.stdout.readline()  # "async_app on http://127.0.0.1:43210 (...)"
        if " on http" not in line:
            raise RuntimeError(f"{service} did not start: {log.read()}")
        yield line.split()[2]


async def get(address):
    async with aiohttp.ClientSession() as session, session.get(address) as response:
        response.raise_for_status()
        return await response.read()


with running("sync_app") as flask, running("async_app") as aiohttp_:
    for name, url in (("sync_app", flask), ("async_app", aiohttp_)):
        with clock(f"{name}, one request with five waits of 0.2 s"):
            await get(f"{url}/fanout?n=5&delay=200ms")

# %% [markdown]
# **Predict:** 20 requests of 0.2 s at once, to Flask with 4 threads and to aiohttp. How long does each take?

# %%
with running("sync_app", "--threads", "4") as flask, running("async_app") as aiohttp_:
    for name, url in (("sync_app, 4 threads", flask), ("async_app", aiohttp_)):
        with clock(f"{name}, 20 requests of 0.2 s"):
            await asyncio.gather(*(get(f"{url}/delay/200ms") for _ in range(20)))

# %% [markdown]
# Four at a time take five rounds of 0.2 s. A coroutine each takes one round.
#
# ## Under load: predict a number
#
# A request takes R seconds once it has a slot. N users ask again as soon as they have an answer. A service with c
# slots gives


# %%
def predicted(users, wait, at_once=float("inf")):
    return min(users, at_once) / wait  # answers per second


# %% [markdown]
# 32 threads, a wait of 0.1 s, 200 users. **Write your numbers down before you run the cell below**, which takes about
# half a minute.

# %%
your_guess = {"flask-threads": None, "aiohttp": None}  # answers per second: put your numbers here

# %%
command = [str(Path(sys.executable).with_name("sync-vs-async")), "compare", "--quick"]
command += ["--services", "flask-threads,aiohttp", "--users", "1,32,200"]
with tempfile.TemporaryDirectory() as folder:
    with logged([*command, "--out", folder]) as (process, log):  # stops it, and its services, even if interrupted
        process.stdout.read()
        if process.wait() not in {0, 2}:  # 2: inconclusive
            raise RuntimeError(log.read())
    results = schema.load(Path(folder) / "latest" / schema.FILE)

# %% [markdown]
# `results.json` has everything that was measured. A row is one service at one number of users. What cannot be trusted
# has doubts.

# %%
table = rows(results)
lines = ["| service | users | min(N, c) ÷ R | predicted | measured | bound by |", "|:--|--:|--:|--:|--:|:--|"]
for row in table:
    model = predicted(row.load.users, 0.1, at_once=32 if row.service == "flask-threads" else float("inf"))
    measured = f"{row.throughput:.0f} | {row.bound}" if row.holds else f"({row.throughput:.0f}) | inconclusive"
    lines.append(f"| {row.service} | {row.load.users} | {model:.0f} | {row.predicted.throughput:.0f} | {measured} |")
display(Markdown("\n".join(lines)))

# %% [markdown]
# The command's own prediction also counts the CPU time of a request. A bar is measured, the tick is predicted. A
# hollow bar is inconclusive.

# %%
points = [
    {
        "step": f"{row.service}, {row.load.users} {'user' if row.load.users == 1 else 'users'}",
        "measured": row.throughput,
        "predicted": row.predicted.throughput,
        "trusted": row.holds,
    }
    for row in table
]
chart = alt.Chart(alt.InlineData(values=points), width=480)
y = alt.Y("step:N", sort=None, title=None, axis=alt.Axis(minExtent=140))
bars = chart.mark_bar(stroke="#525ec5", color="#525ec5").encode(
    x=alt.X("measured:Q", title="answers per second"),
    y=y,
    fillOpacity=alt.condition("datum.trusted", alt.value(1), alt.value(0)),
)
bars + chart.mark_tick(color="black", thickness=3).encode(x="predicted:Q", y=y)

# %%
for row in table:
    if row.load.users == 200:
        guess = your_guess[row.service]
        print(
            f"{row.service}: you said {guess}, predicted {row.predicted.throughput:.0f}, measured {row.throughput:.0f}"
        )
        if guess is None:
            print("  predict first, then run the cells again")
        elif row.doubts:
            print(f"  cannot be trusted: {row.doubts[0]}. Close other programs, and run the cells again")
        elif abs(guess - row.throughput) <= 0.15 * row.throughput:
            print("  right")
        else:
            print("  Which of N, R and c gives your number?")

# %% [markdown]
# Read it honestly:
#
# - At 1 user both are equal: nothing overlaps.
# - At 32 users both are equal: 32 threads carry 32 waits as well as coroutines do.
# - At 200 users 32 threads are the limit, whatever the framework. More threads, or gevent with Flask's own code, would
#   move it.
# - A row with doubts says nothing, in either direction.
#
# This notebook never imports Locust, the load generator: it would replace the sockets and threads of this kernel by
# gevent's. The command runs it in a process of its own.

# %%
assert not {"locust", "gevent"} & {*sys.modules}
print("neither Locust nor gevent is loaded here")

# %% [markdown]
# ## Change it
#
# 1. Give `sync_app` 20 threads. Which figure changes, and to what?
# 2. Replace `await asyncio.sleep(1)` by `time.sleep(1)` in `coroutine`, and run the five again. Why?
# 3. Compare with `--scenario query` or `--scenario cpu`. Predict which service wins, and run it.
#
# Read on: [the small programs](README.md), [the model](../docs/method.md#the-model), [your own
# service](../docs/own-service.md).
