"""Lesson 7: async does not make the database faster."""

from loadtest.lessons.lesson import Lesson, Misconception, Question
from loadtest.lessons.load import Users
from loadtest.lessons.model import rate

POOL, USERS, WAIT, THREADS = 5, 30, 0.2, 30
SERVICE = f"aiohttp:workers=1:pool-size={POOL}"
OTHER = f"flask-threads:workers=1:threads={THREADS}:pool-size={POOL}"

LESSON = Lesson(
    slug="database",
    title="Async does not make the database faster",
    question=Question(
        sentence=f"Each request makes one query of {WAIT * 1000:g} ms to PostgreSQL, through a pool of {POOL} "
        f"connections. Flask with {THREADS} threads answers {rate(OTHER, 'query', USERS, WAIT):g} requests per second "
        f"of {USERS} users. How many does aiohttp answer, with the same pool and the same users?",
        unit="answers/s",
        answer=rate(SERVICE, "query", USERS, WAIT),
        how=f"{POOL} connections, each held for {WAIT:g} s: {POOL} / {WAIT:g} = "
        f"{rate(SERVICE, 'query', USERS, WAIT):g} answers/s, as with threads. A larger pool would change it, if the "
        "database can bear it; async does not.",
        misconceptions=(
            Misconception(
                rate(SERVICE, "delay", USERS, WAIT),
                "You left the pool out. A coroutine waits for a free connection as a thread does, and there are "
                f"{POOL} of them.",
            ),
            Misconception(
                rate(f"aiohttp:workers=1:pool-size={2 * POOL}", "query", USERS, WAIT),
                "You made async twice as fast. It waits at less cost; it does not shorten any wait.",
            ),
            Misconception(
                rate("aiohttp:workers=1:pool-size=1", "query", USERS, WAIT),
                f"You counted one connection. The pool has {POOL}, and each is used by one query at a time.",
            ),
        ),
    ),
    experiment=Users(SERVICE, OTHER, "query", USERS, WAIT),
    idea="The tightest limit decides: a coroutine waits for a free connection as a thread does.",
    read="docs/faq.md",
)
