"""Lesson 3: threads, and where they end."""

from loadtest.lessons.lesson import Lesson, Misconception, Question
from loadtest.lessons.load import Users
from loadtest.lessons.model import rate

SERVICE, USERS, WAIT = "flask-threads:workers=2:threads=8", 40, 0.2

LESSON = Lesson(
    slug="threads",
    title="Threads, and where they end",
    question=Question(
        sentence=f"gunicorn runs Flask with --workers 2 --threads 8: two processes, eight threads each. {USERS} users "
        f"each send one request after the other, and each request waits {WAIT * 1000:g} ms. How many "
        "answers per second do they get together?",
        unit="answers/s",
        answer=rate(SERVICE, "delay", USERS, WAIT),
        how=f"2 x 8 = 16 slots, each held for {WAIT:g} s: 16 / {WAIT:g} = "
        f"{rate(SERVICE, 'delay', USERS, WAIT):g} answers/s. Up to 16 users, threads are as good as coroutines.",
        misconceptions=(
            Misconception(
                rate("flask-threads:workers=1:threads=8", "delay", USERS, WAIT),
                "You counted the threads of one process. Each of the two processes has eight threads of its own.",
            ),
            Misconception(
                rate("flask:workers=2", "delay", USERS, WAIT),
                "You let one thread of a process wait at a time. Python's interpreter lock holds threads back only "
                "while they compute: a thread that waits gives the lock back.",
            ),
            Misconception(
                rate("aiohttp", "delay", USERS, WAIT),
                f"You divided the users by the wait, {USERS} / {WAIT:g}. There are 16 threads for {USERS} users, so 24 "
                "requests wait for a thread.",
            ),
            Misconception(
                16.0,
                f"You gave the number of threads. Each one serves {1 / WAIT:g} requests in a second.",
            ),
        ),
    ),
    experiment=Users(SERVICE, "aiohttp:workers=1", "delay", USERS, WAIT),
    idea="Threads keep up with coroutines until there are more requests in flight than threads.",
    read="docs/faq.md",
)
