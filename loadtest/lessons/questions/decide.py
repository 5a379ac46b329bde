"""Lesson 12: decide for a service of one's own."""

from math import ceil

from loadtest.lessons.lesson import Lesson, Misconception, Question
from loadtest.lessons.load import ThreadsNeeded, Users
from loadtest.lessons.model import rate

HAS, NEED, WAIT, USERS = 8, 100, 0.2, 16
SERVICE = f"flask-threads:workers=1:threads={HAS}"
EACH = rate(SERVICE, "delay", USERS, WAIT) / HAS
"""Answers per second of one thread."""

LESSON = Lesson(
    slug="decide",
    title="Your service: decide from its numbers",
    question=Question(
        sentence=f"Your Flask service has {HAS} threads, and each request waits {WAIT * 1000:g} ms for another "
        f"service. It must serve {NEED} requests per second, and a colleague wants to rewrite it with asyncio. How "
        "many threads would be enough without a rewrite?",
        unit="threads",
        answer=float(ceil(NEED / EACH)),
        how=f"Little's law: {NEED}/s x {WAIT:g} s = {NEED * WAIT:g} requests in flight, so {NEED * WAIT:g} threads. "
        f"No rewrite is needed: {NEED * WAIT - HAS:g} more threads do. At {50 * NEED}/s it would be "
        f"{50 * NEED * WAIT:g} threads, and then async is worth a measurement.",
        misconceptions=(
            Misconception(
                float(NEED),
                "You gave each request of a second a thread of its own. A thread serves "
                f"{EACH:g} requests in a second.",
            ),
            Misconception(
                NEED / WAIT,
                "You divided where Little's law multiplies: requests in flight are the rate times the time that each "
                "one takes.",
            ),
            Misconception(
                float(NEED * WAIT - HAS),
                f"You gave the number of further threads. The service needs these and the {HAS} that it has.",
            ),
            Misconception(
                float(HAS * NEED),
                "You multiplied the rate by the threads. More threads make each of them less busy, not more.",
            ),
        ),
    ),
    experiment=ThreadsNeeded(Users(SERVICE, "aiohttp:workers=1", "delay", USERS, WAIT), HAS, NEED),
    idea="The rate times the wait is the number of requests in flight; while threads for them are cheap, say no.",
    read="docs/own-service.md#should-it-go-async",
)
