"""Lesson 9: people who wait for people."""

from loadtest.lessons.calls import Askers
from loadtest.lessons.lesson import Lesson, Misconception, Question

PEOPLE, TIMEOUT = 4, 2.0
NEEDED = PEOPLE + 1

LESSON = Lesson(
    slug="people",
    title="People who wait for people",
    question=Question(
        sentence=f"{PEOPLE} people send GET /ask to Flask at the same moment, in one process with threads, and "
        "each waits there until somebody sends the answer, POST /answer, to the same service. The answers come once "
        f"all questions are there. What is the smallest number of threads with which all {PEOPLE} are answered?",
        unit="threads",
        answer=float(NEEDED),
        how=f"{PEOPLE} threads wait for an answer, and one must be free to receive it: {NEEDED}. With {PEOPLE} none "
        "is answered before a question times out: a deadlock.",
        misconceptions=(
            Misconception(
                float(PEOPLE),
                "You forgot the answers: they are requests, too. With a thread for each question there is none left "
                "to receive an answer, and everybody waits for somebody who cannot get in.",
            ),
            Misconception(
                float(2 * PEOPLE),
                "You gave every answer a thread of its own. Answers do not wait: one free thread receives them one "
                "after the other.",
            ),
            Misconception(
                1.0,
                "You let one thread wait for everybody. That is what an event loop does; a thread that waits for one "
                "person serves nobody else.",
            ),
        ),
        tolerance=0.05,
    ),
    experiment=Askers(PEOPLE, (PEOPLE, NEEDED), TIMEOUT),
    idea="Requests that wait for other requests can take all slots and wait until they time out: a deadlock.",
    read="docs/contract.md",
)
