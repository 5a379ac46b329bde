"""Lesson 5: one careless line."""

from loadtest.lessons.lesson import Lesson, Misconception, Question
from loadtest.lessons.load import Users
from loadtest.lessons.model import rate

SERVICE, USERS, WAIT = "aiohttp:workers=1", 8, 0.1

LESSON = Lesson(
    slug="careless",
    title="One careless line",
    question=Question(
        sentence=f"In an aiohttp service of one process, somebody writes time.sleep({WAIT:g}) instead of await "
        f"asyncio.sleep({WAIT:g}). {USERS} users each send one request after the other to that handler. How many "
        "answers per second do they get together?",
        unit="answers/s",
        answer=rate(SERVICE, "blocking", USERS, WAIT),
        how=f"time.sleep holds the event loop, so one request at a time: 1 / {WAIT:g} = "
        f"{rate(SERVICE, 'blocking', USERS, WAIT):g} answers/s, half of what Flask serves with two threads.",
        misconceptions=(
            Misconception(
                rate(SERVICE, "delay", USERS, WAIT),
                "You took the call for a coroutine. async def makes nothing non-blocking: only await gives the event "
                "loop back, and time.sleep never does.",
            ),
            Misconception(
                rate("flask:workers=2", "delay", USERS, WAIT),
                "You counted two at a time. One process has one event loop, however many cores there are.",
            ),
            Misconception(
                float(USERS),
                "You gave the number of users, as if each got an answer in a second. The last in the queue waits "
                f"{USERS * WAIT:g} s.",
            ),
        ),
    ),
    experiment=Users(SERVICE, "flask-threads:workers=1:threads=2", "blocking", USERS, WAIT),
    idea="One blocking call stops every request of the process, and async is then slower than threads.",
    read="docs/faq.md",
)
