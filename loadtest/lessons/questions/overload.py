"""Lesson 11: overload."""

from loadtest.lessons.lesson import Lesson, Misconception, Question
from loadtest.lessons.load import Arrivals
from loadtest.lessons.model import rate

LIMIT, THREADS, RATE, WAIT, DEADLINE = 8, 16, 100.0, 0.2, 1.0
LIMITED = f"flask-threads:workers=1:threads={THREADS}:max-in-flight={LIMIT}"
UNLIMITED = f"flask-threads:workers=1:threads={LIMIT}"

LESSON = Lesson(
    slug="overload",
    title="Overload: refuse early, serve more",
    question=Question(
        sentence=f"{RATE:g} requests arrive per second, and each holds a thread for {WAIT * 1000:g} ms. The service "
        f"has {THREADS} threads, but holds at most {LIMIT} requests at a time and refuses further ones immediately, "
        f"with 503. How many requests per second are answered within {DEADLINE:g} s?",
        unit="answers/s",
        answer=rate(f"flask-threads:workers=1:threads={LIMIT}", "delay", round(RATE), WAIT),
        how=f"{LIMIT} requests at a time, {WAIT:g} s each: {LIMIT} / {WAIT:g} = "
        f"{rate(UNLIMITED, 'delay', round(RATE), WAIT):g} answers/s, and every one of them in time, because nobody "
        "queues.",
        misconceptions=(
            Misconception(
                RATE,
                "You counted every response. A 503 is a response and no answer: it only comes quickly, so that the "
                "client can do something else.",
            ),
            Misconception(
                rate(f"flask-threads:workers=1:threads={THREADS}", "delay", round(RATE), WAIT),
                f"You let all {THREADS} threads wait. The limit lets {LIMIT} of them wait; the others are there to "
                "refuse.",
            ),
            Misconception(
                RATE - rate(UNLIMITED, "delay", round(RATE), WAIT),
                "You counted the requests that are refused. The others are answered.",
            ),
            Misconception(
                0.0,
                "You let the queue grow. It does without a limit, until every request waits longer than "
                f"{DEADLINE:g} s; with the limit there is no queue.",
            ),
        ),
    ),
    experiment=Arrivals(LIMITED, UNLIMITED, RATE, WAIT, DEADLINE, patience=1.5, window=3.0),
    idea="A service that refuses what it cannot do in time answers more in time than one that queues everything.",
    read="docs/arrivals.md",
)
