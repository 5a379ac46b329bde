"""The experiment with the service of a task before and after its repair."""

from dataclasses import dataclass
from typing import Any

import pytest

from backing.environment import Backing
from loadtest.exercises.tasks import TASKS
from loadtest.lessons import mended
from loadtest.lessons.lesson import Finding
from loadtest.lessons.mended import Mended
from loadtest.lessons.questions import find
from loadtest.lessons.recorded import _Silent

EXPERIMENT = Mended("13_find.py", "/page/20ms", users=9, before=5.0, after=40.0)


@dataclass(frozen=True)
class Measured:
    """The part of a row that the experiment reads."""

    throughput: float
    doubts: list[str]


def found(monkeypatch: pytest.MonkeyPatch, before: Measured, after: Measured) -> Finding:
    def run_both(*_: Any) -> tuple[Measured, Measured]:
        return before, after

    monkeypatch.setattr(mended, "run_both", run_both)
    return EXPERIMENT.run(_Silent(), Backing({}, {}))


def test_the_task_gives_the_answer_and_its_solution_the_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = found(monkeypatch, Measured(4.8, []), Measured(38.4, []))
    assert (seen.measured, seen.doubts) == (4.8, ())
    assert seen.beside == (
        "workshop/solutions/13_find.py, under the same load: 38.4 answers/s, 8 times as many; the model says 40.",
    )


def test_doubts_about_the_solution_leave_the_answer_conclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = found(monkeypatch, Measured(4.8, []), Measured(20.0, ["the machine was busy"]))
    assert seen.doubts == ()
    assert "(inconclusive: the machine was busy)" in seen.beside[0]


def test_a_task_that_answers_nothing_has_no_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = found(monkeypatch, Measured(0.0, ["requests failed"]), Measured(38.4, []))
    assert seen.doubts == ("requests failed",)
    assert "times as many" not in seen.beside[0]


def test_the_lesson_measures_the_service_of_its_own_task() -> None:
    assert isinstance(find.LESSON.experiment, Mended)
    assert find.LESSON.experiment.file == TASKS[13].file
