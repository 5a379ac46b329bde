"""The questions: every misconception is recognised, and a run that proves nothing marks nothing."""

import re
from itertools import combinations
from pathlib import Path

import pytest

from loadtest.lessons import recorded
from loadtest.lessons.catalogue import LESSONS
from loadtest.lessons.lesson import Finding, Lesson
from loadtest.lessons.marking import doubts_of, mark, misconception

ROOT = Path(__file__).parents[3]

each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)


def as_foretold(lesson: Lesson) -> Finding:
    return Finding(lesson.question.answer)


@each_lesson
def test_every_misconception_is_recognised_by_its_number(lesson: Lesson) -> None:
    known = lesson.question.misconceptions
    assert len(known) >= 3
    for each in known:
        marked = mark(lesson.question, each.value, as_foretold(lesson))
        assert (marked.right, marked.why) == (False, each.why)


@each_lesson
def test_no_number_stands_for_two_ways_to_think(lesson: Lesson) -> None:
    question = lesson.question
    for number, other in combinations([question.answer, *(each.value for each in question.misconceptions)], 2):
        assert not question.alike(number, other)
        assert not question.alike(other, number)


@each_lesson
def test_the_answer_is_right_up_to_the_tolerance(lesson: Lesson) -> None:
    question, share = lesson.question, lesson.question.tolerance
    for factor in (1 - 0.99 * share, 1, 1 + 0.99 * share):
        assert mark(question, factor * question.answer, as_foretold(lesson)).right
    for factor in (1 - 1.01 * share, 1 + 1.01 * share):
        assert mark(question, factor * question.answer, as_foretold(lesson)).right is False


@each_lesson
@pytest.mark.parametrize(
    ("measured", "doubts"),
    [(1.0, ("the machine was busy",)), (1.2, ()), (0.8, ()), (None, ()), (None, ("a request failed",))],
)
def test_an_inconclusive_run_marks_no_number(lesson: Lesson, measured: float | None, doubts: tuple[str, ...]) -> None:
    found = Finding(None if measured is None else measured * lesson.question.answer, doubts=doubts)
    for guess in (lesson.question.answer, *(each.value for each in lesson.question.misconceptions)):
        marked = mark(lesson.question, guess, found)
        assert marked.right is None
        assert "inconclusive" in marked.why


def test_an_answer_in_another_unit_is_recognised() -> None:
    (slots,) = (each for each in LESSONS if each.slug == "slots")
    assert "per minute" in (misconception(slots.question, 600) or "")
    assert "milliseconds" in (misconception(slots.question, 0.01) or "")
    assert misconception(slots.question, 33) is None


@each_lesson
def test_a_run_takes_at_most_20_seconds(lesson: Lesson) -> None:
    assert lesson.experiment.seconds <= 20


def test_every_recorded_run_proves_the_model() -> None:
    questions = {lesson.slug: lesson.question for lesson in LESSONS}
    runs = recorded.read()
    assert runs
    assert [slug for slug, run in runs.items() if doubts_of(questions[slug], run.finding)] == []


@each_lesson
def test_what_a_lesson_names_to_read_exists(lesson: Lesson) -> None:
    path, _, anchor = lesson.read.partition("#")
    headings = re.findall(r"^#+ (.*)", (ROOT / path).read_text(), re.MULTILINE)
    assert not anchor or anchor in {re.sub(r"[^\w -]", "", each).replace(" ", "-").lower() for each in headings}
