"""Lesson 10: whose latency a percentile is."""

from loadtest.lessons.freeze import Freeze
from loadtest.lessons.lesson import Lesson, Misconception, Question
from loadtest.lessons.model import frozen

RATE, WAIT, FREEZE, WINDOW, RANK = 20.0, 0.05, 2.0, 8.0, 0.9
ANSWER = 1000 * frozen(RANK, WAIT, FREEZE, WINDOW)

LESSON = Lesson(
    slug="latency",
    title="Whose latency is it?",
    question=Question(
        sentence=f"Every {1000 / RATE:g} ms a request arrives, whatever became of the others. The service answers in "
        f"{WAIT * 1000:g} ms, but once in {WINDOW:g} s it stands still for {FREEZE:g} s. What is the 90th percentile "
        "of the latency, in ms, counted from the moment at which each request arrived?",
        unit="ms",
        answer=ANSWER,
        how=f"A quarter of all requests arrive during the freeze and wait for its end, between 0 and {FREEZE:g} s. A "
        f"tenth of all arrive in its first {(1 - RANK) * WINDOW:g} s and wait longest; the next one waits "
        f"{FREEZE - (1 - RANK) * WINDOW:g} s more than {WAIT * 1000:g} ms: {ANSWER:g} ms.",
        misconceptions=(
            Misconception(
                1000 * WAIT,
                "You counted as a load generator with waiting users does: each user sends one request into the "
                "freeze and then waits, so hardly any slow request is counted. This is coordinated omission.",
            ),
            Misconception(
                1000 * frozen(1.0, WAIT, FREEZE, WINDOW),
                "You gave the longest latency. Only the first request of the freeze waits that long; a tenth of all "
                "requests wait longer than the 90th percentile.",
            ),
            Misconception(
                1000 * (WAIT + FREEZE / WINDOW * FREEZE / 2),
                "You gave the mean. It hides that three quarters of the requests notice nothing.",
            ),
            Misconception(
                1000 * (WAIT + FREEZE / 2),
                "You gave the mean latency of the requests that arrive during the freeze. Half of that quarter waits "
                "longer, an eighth of all requests: this is the 87.5th percentile, and the 90th is higher.",
            ),
        ),
        tolerance=0.07,
    ),
    experiment=Freeze("aiohttp:workers=1", RATE, 10, WAIT, FREEZE, WINDOW),
    idea="Latency counts from the moment at which somebody wanted an answer; users who wait hide a frozen service.",
    read="docs/arrivals.md",
)
