"""Lesson 2: one waiter for five guests."""

from loadtest.lessons.lesson import Lesson, Misconception, Question
from loadtest.lessons.load import Users
from loadtest.lessons.model import rate

SERVICE, USERS, WAIT = "flask:workers=2", 10, 0.2

LESSON = Lesson(
    slug="slots",
    title="One waiter for five guests",
    question=Question(
        sentence=f"gunicorn runs a Flask application with --workers 2: two processes, one thread each. {USERS} users "
        f"each send one request after the other, without a pause, and each request waits {WAIT * 1000:g} ms. How many "
        "answers per second do they get together?",
        unit="answers/s",
        answer=rate(SERVICE, "delay", USERS, WAIT),
        how=f"2 slots, each free again after {WAIT:g} s: 2 / {WAIT:g} = {rate(SERVICE, 'delay', USERS, WAIT):g} "
        "answers/s. The other eight users wait for a slot.",
        misconceptions=(
            Misconception(
                rate("flask:workers=4", "delay", USERS, WAIT),
                "You multiplied by processes and by workers: they are the same thing. Two workers are two "
                "processes with one thread each, so 2 slots and not 2 x 2.",
            ),
            Misconception(
                rate("aiohttp", "delay", USERS, WAIT),
                f"You divided the users by the wait, {USERS} / {WAIT:g}. That holds only while every request finds a "
                "free slot at once, and there are two.",
            ),
            Misconception(
                rate("flask:workers=1", "delay", USERS, WAIT),
                "You counted one slot. gunicorn runs two workers, so two requests wait at the same time.",
            ),
            Misconception(
                2.0,
                f"You gave the number of slots. Each slot is free again after {WAIT:g} s, so it serves "
                f"{1 / WAIT:g} requests in a second.",
            ),
        ),
    ),
    experiment=Users(SERVICE, "aiohttp:workers=1", "delay", USERS, WAIT),
    idea="A blocking service has as many slots as threads; c slots that are held for D seconds serve c / D a second.",
    read="docs/method.md#the-model",
)
