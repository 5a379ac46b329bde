"""Mark a learner's number: right, wrong for a reason that is known, or not at all if the run proves nothing."""

from dataclasses import dataclass

from .lesson import Finding, Question

SLIPS = {
    "answers/s": {
        60.0: "That is the answer per minute: the question asks for answers per second.",
        0.001: "That is a thousandth of the answer: you divided by milliseconds, and the question asks for seconds.",
    },
    "s": {1000.0: "That is the answer in milliseconds: the question asks for seconds."},
    "ms": {0.001: "That is the answer in seconds: the question asks for milliseconds."},
}
"""The mistakes with units, by the unit of the question: the factor by which the number is wrong, and what to say."""


@dataclass(frozen=True)
class Mark:
    """The mark of one number. `right` is None if the run is inconclusive: then nothing is marked."""

    right: bool | None
    why: str
    """The misconception behind a wrong number, or the reasons of an inconclusive run; empty for a right number."""


def mark(question: Question, guess: float, found: Finding) -> Mark:
    """Mark a number against the model, provided that the run confirms the model."""
    if doubts := doubts_of(question, found):
        return Mark(None, f"The run is inconclusive: {'; '.join(doubts)}.")
    if question.alike(guess, question.answer):
        return Mark(True, "")
    return Mark(False, misconception(question, guess) or "None of the misconceptions that we know gives this number.")


def doubts_of(question: Question, found: Finding) -> list[str]:
    """Return why a run proves nothing: its doubts, no figure, or a figure that the model does not explain."""
    doubts = list(found.doubts)
    if found.measured is None:
        return doubts or ["nothing was measured"]
    if not doubts and not question.alike(found.measured, question.answer):
        doubts.append(
            f"the model says {figure(question.answer)}, and {figure(found.measured)} was measured, more than "
            f"{question.tolerance:.0%} apart"
        )
    return doubts


def misconception(question: Question, guess: float) -> str | None:
    """Return the sentences on the misconception that gives this number, or None if no known one does."""
    known = [each for each in question.misconceptions if question.alike(guess, each.value)]
    if known:
        return min(known, key=lambda each: abs(each.value - guess)).why
    slips = SLIPS.get(question.unit, {})
    return next((why for factor, why in slips.items() if question.alike(guess, factor * question.answer)), None)


def figure(number: float) -> str:
    """Return a number to three significant digits, without a power of ten."""
    return f"{number:.0f}" if abs(number) >= 100 else f"{number:.3g}"
