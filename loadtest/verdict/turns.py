"""The doubts about the users of a locustfile, whose turns are tasks: each sends any number of requests, then waits."""

from loadtest.english import count
from loadtest.results.schema import Measured, Turns
from loadtest.workload import Load

from .bounds import QUEUES


def turn(measured: Measured) -> float | None:
    """Return the mean seconds of a task and the wait after it, or None without such users, or without a task."""
    done = measured.turns
    return (done.task_ms + done.wait_ms) / done.tasks / 1000 if done and done.tasks else None


def doubts(load: Load, measured: Measured, done: Turns) -> list[str]:
    """List what keeps users from doing their turns.

    Little's law is held against all that they did: the mean number of users who are in a task, or wait after one, is
    that of all users. So it does not matter how many requests a task sends, or what an edge of the window cuts.
    """
    if not measured.requests:
        return ["the users reported no request: a client that is not Locust's must fire events.request"]
    if (lasts := turn(measured)) is None:
        return ["no task ended in the window, so its length and Little's law mean nothing"]
    found = []
    if done.left > 0:
        found.append(f"{count(done.left, 'user')} had left (an error in on_start, or StopUser)")
    if measured.seconds < QUEUES * lasts:
        found.append(f"the window ({measured.seconds:.1f} s) is too short for tasks of {lasts:.1f} s with their wait")
    rate = done.tasks / measured.seconds
    contradiction = load.contradiction(rate, lasts, measured.seconds, 0)
    return found if contradiction is None or done.left > 0 else [*found, contradiction]
