"""Lesson 1: five tasks in a row, and at once."""

from loadtest.lessons.calls import Fanout
from loadtest.lessons.lesson import Lesson, Misconception, Question

TIMES, WAIT, CORES = 5, 1.0, 2

LESSON = Lesson(
    slug="in_a_row",
    title="Five tasks in a row, and at once",
    question=Question(
        sentence=f"One request to /fanout?n={TIMES}&delay={WAIT:g}s waits {TIMES} times for {WAIT:g} s. Flask runs the "
        f"waits one after the other, in a for loop, and takes {TIMES * WAIT:g} s. aiohttp starts {TIMES} coroutines in "
        "a task group and awaits them all. How many seconds does aiohttp take?",
        unit="s",
        answer=WAIT,
        how=f"All {TIMES} waits begin at once and end at once: the longest one counts, {WAIT:g} s.",
        misconceptions=(
            Misconception(
                TIMES * WAIT,
                "You added the waits up. A coroutine that awaits gives the event loop back, so the next one begins "
                "before the first has ended.",
            ),
            Misconception(
                WAIT / TIMES,
                "You divided the wait among the coroutines. A wait is not work that can be shared: each one still "
                f"lasts {WAIT:g} s.",
            ),
            Misconception(
                TIMES * WAIT / CORES,
                f"You shared the waits between {CORES} cores. A wait needs no core: one thread of one core waits for "
                "all of them.",
            ),
            Misconception(
                0.0,
                "You left the wait out. Starting five coroutines takes no time, but the response needs all results.",
            ),
        ),
    ),
    experiment=Fanout("aiohttp:workers=1", "flask:workers=1", TIMES, WAIT),
    idea="Waits that begin at the same time last together as long as the longest of them.",
    read="workshop/README.md",
)
