"""Lesson 13: find the line, and predict what its repair brings."""

from loadtest.lessons.lesson import Lesson, Misconception, Question
from loadtest.lessons.mended import Mended
from loadtest.lessons.model import rate

PARTS, WAIT, USERS, THREADS = 3, 0.06, 10, 8
HELD = PARTS * WAIT
ANSWER = rate("aiohttp:workers=1", "blocking", USERS, HELD)
REPAIRED = rate(f"aiohttp:workers=1:threads={THREADS}", "offload", USERS, HELD)
AWAITED = rate("aiohttp:workers=1", "delay", USERS, HELD)

LESSON = Lesson(
    slug="find",
    title="Find the line, and predict its repair",
    question=Question(
        sentence=f"A page has {PARTS} parts. A service in aiohttp, one process, asks for one part after the other, "
        f"{WAIT * 1000:g} ms each, and somewhere below the handler a line holds the event loop meanwhile. {USERS} "
        "users each send one request after the other. How many pages per second do they get together?",
        unit="answers/s",
        answer=ANSWER,
        how=f"What counts is how long a request holds the event loop, in all of its calls: {PARTS} x {WAIT:g} = "
        f"{HELD:g} s, and 1 / {HELD:g} = {ANSWER:.3g} answers/s. In {THREADS} threads, each page holds one of them "
        f"for as long: {THREADS} / {HELD:g} = {REPAIRED:.3g}. Awaited, it holds neither, so the users are the limit: "
        f"{USERS} / {HELD:g} = {AWAITED:.3g}.",
        misconceptions=(
            Misconception(
                1 / WAIT,
                f"You counted one call. The line runs {PARTS} times for a page, and nobody else is answered before "
                "the last of them.",
            ),
            Misconception(
                AWAITED,
                "You let all users wait at once, as coroutines that await do. This line holds the event loop, so one "
                "page is filled at a time.",
            ),
            Misconception(
                rate("aiohttp:workers=1", "delay", USERS, WAIT),
                "You let all users wait at once, and the parts of a page as well. None of them is awaited.",
            ),
            Misconception(
                REPAIRED,
                f"You gave what the repair brings: {THREADS} threads that each hold a page. As it is, only the thread "
                "of the event loop does.",
            ),
            Misconception(
                rate("aiohttp:workers=2", "blocking", USERS, HELD),
                "You counted two event loops. One process has one, however many cores there are.",
            ),
        ),
    ),
    experiment=Mended("13_find.py", "/page/" + ",".join([f"{WAIT * 1000:g}ms"] * PARTS), USERS, ANSWER, REPAIRED),
    idea="A line that holds the loop for D seconds of a request allows 1 / D; its repair allows threads / D, or what "
    "the next limit does.",
    read="docs/workshop.md#find-the-line",
)
