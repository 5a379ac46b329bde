"""The output of a lesson: its question, the mark of a number, and the list of all lessons."""

from collections.abc import Callable, Sequence

from rich.console import Console

from loadtest.lessons.done import Done
from loadtest.lessons.lesson import Finding, Lesson
from loadtest.lessons.marking import Mark, figure, misconception

from .layout import framed, put

TICK, OPEN = "yes", "-"


def ask(out: Console, number: int, lesson: Lesson) -> None:
    """Print the question of a lesson."""
    out.print(f"Lesson {number}: {lesson.title}", style="bold", markup=False)
    out.print()
    out.print(lesson.question.sentence, markup=False)
    out.print()


def show(out: Console, lesson: Lesson, guess: float, found: Finding, marked: Mark) -> None:
    """Print the learner's number, the model's and the measured one in one line, and what follows from them."""
    question = lesson.question
    measured = "-" if found.measured is None else figure(found.measured)
    outcome = {
        True: f"right, within {question.tolerance:.0%}",
        False: f"not within {question.tolerance:.0%}",
        None: "inconclusive, nothing is marked",
    }[marked.right]
    if marked.right is None:
        measured = f"({measured})"
    out.print(
        f"yours {figure(guess)} | model {figure(question.answer)} | measured {measured} {question.unit}: {outcome}",
        style="bold",
        markup=False,
    )
    if marked.why:
        out.print(marked.why, markup=False)
    if marked.right is None:
        told = [*filter(None, (misconception(question, guess), question.how))]
        out.print(f"If the model holds: {' '.join(told)}", markup=False)
        return
    for sentence in (question.how, *found.beside):
        out.print(sentence, markup=False)
    out.print()
    out.print(f"To keep: {lesson.idea}", markup=False)
    out.print(f"To read: {lesson.read}", markup=False)


def overview(out: Console, lessons: Sequence[Lesson], done: Done, command: Callable[..., str]) -> None:
    """Print all lessons with what is done of each, and what to do next.

    `command`: returns the command to type for the number of a lesson and further words.
    """
    table = framed("The lessons", ["", "lesson", "right number", "repaired"], [])
    for number, each in enumerate(lessons, 1):
        parts = (TICK if each.slug in part else OPEN for part in (done.answered, done.repaired))
        table.add_row(str(number), each.title, *parts)
    put(out, table)
    for number, each in enumerate(lessons, 1):
        if each.slug not in done.answered:
            out.print(f"Next: {command(number)}", markup=False, soft_wrap=True)
            return
        if each.slug not in done.repaired:
            out.print(f"Next: {command(number, words='--start')}", markup=False, soft_wrap=True)
            return
    understood(out, lessons)


def understood(out: Console, lessons: Sequence[Lesson]) -> None:
    """Print what somebody who has done all lessons knows, and what to read next."""
    out.print("You have predicted and repaired everything. This certifies nothing; you know now:", style="bold")
    for number, each in enumerate(lessons, 1):
        out.print(f"{number:3}. {each.idea}", markup=False)
    out.print("Next: measure a service of your own, docs/own-service.md, and read how it is done, docs/method.md.")
