"""Lesson 6: the repair, and its hidden pool of threads."""

from loadtest.lessons.lesson import Lesson, Misconception, Question
from loadtest.lessons.load import Users
from loadtest.lessons.model import rate

THREADS, USERS, WAIT = 4, 20, 0.2
SERVICE = f"aiohttp:workers=1:threads={THREADS}"

LESSON = Lesson(
    slug="repair",
    title="The repair, and its hidden pool of threads",
    question=Question(
        sentence=f"The blocking call moves into a thread, with run_in_executor; the service's pool has {THREADS} "
        f"threads. {USERS} users each send one request after the other, and each request blocks such a thread for "
        f"{WAIT * 1000:g} ms. How many answers per second do they get together?",
        unit="answers/s",
        answer=rate(SERVICE, "offload", USERS, WAIT),
        how=f"{THREADS} threads, each held for {WAIT:g} s: {THREADS} / {WAIT:g} = "
        f"{rate(SERVICE, 'offload', USERS, WAIT):g} answers/s. The event loop is free again; the pool is the limit.",
        misconceptions=(
            Misconception(
                rate(SERVICE, "delay", USERS, WAIT),
                f"You let all {USERS} calls wait at the same time, as coroutines do. The call still "
                f"blocks a thread, and the pool has only {THREADS} of them; the other requests wait for one.",
            ),
            Misconception(
                rate(SERVICE, "blocking", USERS, WAIT),
                f"You let the call hold the event loop still. In a thread of the pool it does not: {THREADS} calls "
                "block at the same time.",
            ),
            Misconception(
                rate(f"aiohttp:workers=1:threads={THREADS + 1}", "offload", USERS, WAIT),
                "You counted the thread of the event loop, too. It runs the loop and none of the blocking calls.",
            ),
            Misconception(
                float(THREADS),
                f"You gave the number of threads. Each one serves {1 / WAIT:g} calls in a second.",
            ),
        ),
    ),
    experiment=Users(SERVICE, f"flask-threads:workers=1:threads={THREADS}", "offload", USERS, WAIT),
    idea="A call in a thread frees the event loop, and brings the limit of a thread pool back.",
    read="docs/contract.md",
)
