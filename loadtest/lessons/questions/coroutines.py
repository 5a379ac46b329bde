"""Lesson 4: a coroutine for each request."""

from loadtest.lessons.lesson import Lesson, Misconception, Question
from loadtest.lessons.load import Users
from loadtest.lessons.model import rate

SERVICE, USERS, WAIT = "aiohttp:workers=1", 60, 0.2
THREADS = 32

LESSON = Lesson(
    slug="coroutines",
    title="A coroutine each",
    question=Question(
        sentence=f"aiohttp runs in one process with one event loop. {USERS} users each send one request after "
        f"the other, and each request waits {WAIT * 1000:g} ms. How many answers per second do they get together?",
        unit="answers/s",
        answer=rate(SERVICE, "delay", USERS, WAIT),
        how=f"No request waits for a slot, so every user gets {1 / WAIT:g} answers/s: {USERS} / {WAIT:g} = "
        f"{rate(SERVICE, 'delay', USERS, WAIT):g}. The service could carry more; it has no more users.",
        misconceptions=(
            Misconception(
                rate("flask:workers=1", "delay", USERS, WAIT),
                "You let one request wait at a time, because there is one thread. The thread runs the event loop, "
                "and the loop waits for all requests at once.",
            ),
            Misconception(
                rate("flask-threads:workers=2:threads=8", "delay", USERS, WAIT),
                "You gave the service the 16 slots of lesson 3. A waiting coroutine holds no thread, so there are no "
                "slots.",
            ),
            Misconception(
                float(USERS),
                "You gave the number of users. A user whose request takes a fifth of a second sends five in a second.",
            ),
            Misconception(
                2 * rate(SERVICE, "delay", USERS, WAIT),
                "You doubled the rate. No service answers users faster than their requests wait: each gets "
                f"{1 / WAIT:g} answers/s at most.",
            ),
        ),
    ),
    experiment=Users(SERVICE, f"flask-threads:workers=1:threads={THREADS}", "delay", USERS, WAIT),
    idea="A waiting coroutine holds no thread, so the users, not the service, limit the throughput.",
    read="docs/method.md",
)
