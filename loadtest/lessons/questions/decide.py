"""Lesson 12: decide for a service of one's own."""

from math import ceil

from loadtest.lessons.lesson import Lesson, Misconception, Question
from loadtest.lessons.load import ThreadsNeeded
from loadtest.lessons.model import rate

HAS, NEED, WAIT = 8, 100, 0.2
EACH = rate(f"flask-threads:workers=1:threads={HAS}", "delay", HAS, WAIT) / HAS
"""Answers per second of one thread."""

ENOUGH = ceil(NEED / EACH)
MARGIN = (
    "You added a margin, and a real service needs one: at random arrivals the queue for "
    f"{ENOUGH} threads has no end. The question asks for the least number."
)

LESSON = Lesson(
    slug="decide",
    title="Your service: decide from its numbers",
    question=Question(
        sentence=f"Your Flask service has {HAS} threads, and each request waits {WAIT * 1000:g} ms for another "
        f"service. It must serve {NEED} requests per second, and a colleague wants to rewrite it with asyncio. What is "
        "the least number of threads that could serve this without a rewrite, if the requests came evenly?",
        unit="threads",
        answer=float(ENOUGH),
        how=f"Little's law: {NEED}/s x {WAIT:g} s = {NEED * WAIT:g} requests in flight, so at least {ENOUGH} threads. "
        "Requests do not come evenly, so take 25 to 30. No rewrite is needed. At "
        f"{50 * NEED}/s it would be {50 * NEED * WAIT:g} threads, and then async is worth a measurement.",
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
                float(ENOUGH - HAS),
                f"You gave the number of further threads. The service needs these and the {HAS} that it has.",
            ),
            Misconception(
                float(HAS * NEED),
                f"You multiplied the rate by the threads. The threads share the {NEED} requests of a second.",
            ),
            Misconception(1.25 * ENOUGH, MARGIN),
            Misconception(1.5 * ENOUGH, MARGIN),
        ),
    ),
    experiment=ThreadsNeeded(ENOUGH, HAS, NEED, WAIT),
    idea="The rate times the wait is the number of requests in flight; while threads for them are cheap, say no.",
    read="docs/own-service.md#should-it-go-async",
)
