"""The check of a service where people wait for people."""

from collections.abc import AsyncIterator

from loadtest.exercises.trial import PATIENCE, QUIET, Observation, Trial, all_done, reaches

ASKERS = 12

SERVED = 3
"""Askers who must receive an answer at least: a service that refuses everybody helps nobody."""


async def people(trial: Trial) -> AsyncIterator[Observation]:
    """Check that answers get in while people wait for them, and that nobody waits in vain."""
    asked = {f"question-{number}": trial.send(f"/ask/question-{number}") for number in range(1, ASKERS + 1)}
    await reaches(lambda: sum(each.done() for each in asked.values()), ASKERS, QUIET)
    waiting = {question: each for question, each in asked.items() if not each.done()}
    refused = ASKERS - len(waiting)
    for question in waiting:
        answer = trial.send(f"/answer/{question}", f"answer to {question}")
        if not await all_done([answer]):
            yield Observation(
                f"{len(waiting)} of {ASKERS} people waited for an answer, and no answer got in within {PATIENCE:g} s: "
                "every thread was held by somebody who waits.",
                False,
            )
            return
        if answer.result().status >= 300 or answer.result().status == 0:
            yield Observation(f"An answer was sent, and {trial.told(answer.result())}.", False)
            return
    yield Observation(f"While {len(waiting)} of {ASKERS} people waited, their answers got in.", True)
    await all_done([*asked.values()])
    told = [
        question
        for question, each in waiting.items()
        if each.done() and (each.result().status, each.result().text) == (200, f"answer to {question}")
    ]
    late = sum(each.done() and each.result().status == 503 for each in waiting.values())
    lost = len(waiting) - len(told) - late
    wrong = [each.result() for each in asked.values() if each.done() and each.result().status not in {200, 503}]
    if wrong:
        yield Observation(f"Somebody asked, and {trial.told(wrong[0])}; 503 is the status for later.", False)
    elif lost:
        yield Observation(f"{lost} of {ASKERS} people waited in vain.", False)
    elif len(told) < SERVED:
        yield Observation(f"{len(told)} people received their answer: at least {SERVED} must wait for one.", False)
    else:
        yield Observation(
            f"{len(told)} people received their answer, {refused + late} were asked to come back, none waited in vain.",
            True,
        )
