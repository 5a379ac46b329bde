"""Lesson 8: computing gains nothing."""

from loadtest.lessons.lesson import Lesson, Misconception, Question
from loadtest.lessons.load import Users
from loadtest.lessons.model import rate

SERVICE, USERS, WAIT = "aiohttp:workers=1", 10, 0.05

LESSON = Lesson(
    slug="computing",
    title="Computing gains nothing",
    question=Question(
        sentence=f"These requests do not wait; each of them computes for {WAIT * 1000:g} ms. {USERS} users each "
        "send one request after the other to aiohttp, in one process on a machine with two cores. How many answers per "
        "second do they get together?",
        unit="answers/s",
        answer=rate(SERVICE, "cpu", USERS, WAIT),
        how=f"One process computes one request at a time: 1 / {WAIT:g} = {rate(SERVICE, 'cpu', USERS, WAIT):g} "
        "answers/s, with coroutines or with threads.",
        misconceptions=(
            Misconception(
                rate(SERVICE, "delay", USERS, WAIT),
                "You took computing for waiting. A coroutine that computes never awaits, so the event loop runs "
                "nothing else meanwhile.",
            ),
            Misconception(
                rate("aiohttp:workers=2", "cpu", USERS, WAIT, cores=2),
                "You used both cores. One process has one interpreter lock and computes on one core at a time; two "
                "processes would use two.",
            ),
            Misconception(
                rate(SERVICE, "cpu", USERS, WAIT) / USERS,
                f"You divided by the users once more. That is what each of them gets; together they get {USERS} times "
                "as much.",
            ),
        ),
    ),
    experiment=Users(SERVICE, f"flask-threads:workers=1:threads={USERS}", "cpu", USERS, WAIT),
    idea="Neither coroutines nor threads make computing faster; only more processes on more cores do.",
    read="docs/method.md",
)
