import io

import pytest
from rich.console import Console

from loadtest.lessons.catalogue import LESSONS
from loadtest.lessons.lesson import Finding
from loadtest.lessons.marking import mark
from loadtest.terminal.lesson import show

(SLOTS,) = (each for each in LESSONS if each.slug == "slots")


def shown(guess: float, found: Finding) -> list[str]:
    out = Console(file=io.StringIO(), width=400)
    show(out, SLOTS, guess, found, mark(SLOTS.question, guess, found))
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue().splitlines()


def test_a_number_the_model_and_the_measurement_are_one_line() -> None:
    assert shown(10, Finding(9.9))[0] == "yours 10 | model 10 | measured 9.9 answers/s: right, within 10%"
    assert shown(20, Finding(9.9))[0] == "yours 20 | model 10 | measured 9.9 answers/s: not within 10%"


@pytest.mark.parametrize("guess", [10, 20, 33])
def test_an_inconclusive_run_marks_nothing_and_says_what_would_hold_if_the_model_did(guess: float) -> None:
    first, why, model = shown(guess, Finding(9.9, doubts=("the machine was busy",)))
    assert first == f"yours {guess} | model 10 | measured (9.9) answers/s: inconclusive, nothing is marked"
    assert why == "The run is inconclusive: the machine was busy."
    assert model.startswith("If the model holds: ")
    assert model.endswith(SLOTS.question.how)
    assert ("they are the same thing" in model) == (guess == 20)
