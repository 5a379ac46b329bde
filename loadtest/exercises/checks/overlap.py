"""Checks that count the requests in flight at once at the upstream."""

from collections.abc import AsyncIterator

from loadtest.exercises.trial import PATIENCE, QUIET, Observation, Trial, reaches

THREADS_AT_MOST = 64
"""Threads that the service of the task `threads` may have."""

SUPPLIER_TAKES = 40
"""Requests that the supplier of the task `decide` takes at once."""

PARTS = ("header", "menu", "news", "weather", "footer")


async def in_a_row(trial: Trial) -> AsyncIterator[Observation]:
    """Check that one page asks for its five parts at once."""
    page = trial.send("/page")
    yield (observed := await trial.overlap(len(PARTS), [page]))
    if observed.passed:
        trial.upstream.release()
        yield await trial.answered([page], " ".join(PARTS))


async def slots(trial: Trial) -> AsyncIterator[Observation]:
    """Check that a service serves five guests at once."""
    async for each in _carries(trial, 5):
        yield each


async def coroutines(trial: Trial) -> AsyncIterator[Observation]:
    """Check that a service has 200 requests in flight at its upstream."""
    async for each in _carries(trial, 200):
        yield each


async def repair(trial: Trial) -> AsyncIterator[Observation]:
    """Check that 40 calls wait at once, and the event loop is free meanwhile."""
    sent = [trial.send("/slow") for _ in range(40)]
    yield (observed := await trial.overlap(40, sent))
    if observed.passed:
        yield await free_loop(trial)
        trial.upstream.release()
        yield await trial.answered(sent, "slow")


async def find(trial: Trial) -> AsyncIterator[Observation]:
    """Check that 8 pages wait at once, and the event loop is free meanwhile."""
    sent = [trial.send("/page/soup") for _ in range(8)]
    yield (observed := await trial.overlap(8, sent))
    if observed.passed:
        yield (observed := await free_loop(trial, "/page"))
    if observed.passed:
        trial.upstream.release()
        yield await trial.answered(sent, "soup")


async def threads(trial: Trial) -> AsyncIterator[Observation]:
    """Check that a service carries 40 requests in flight, and that its number of threads has a bound."""
    sent = [trial.send("/slow") for _ in range(40)]
    yield (observed := await trial.overlap(40, sent))
    if not observed.passed:
        return
    sent += [trial.send("/slow") for _ in range(60)]
    seen = await reaches(lambda: trial.upstream.in_flight, 100, QUIET)
    bound = f"With 100 users, {seen} requests were in flight"
    if seen > THREADS_AT_MOST:
        yield Observation(f"{bound}: that is more than {THREADS_AT_MOST} threads.", False)
        return
    yield Observation(f"{bound}: the number of threads has a bound.", True)
    trial.upstream.release()
    yield await trial.answered(sent, "slow")


async def decide(trial: Trial) -> AsyncIterator[Observation]:
    """Check that a service carries what it needs, and asks its supplier for no more than that takes."""
    sent = [trial.send("/slow") for _ in range(20)]
    yield (observed := await trial.overlap(20, sent))
    if not observed.passed:
        return
    sent += [trial.send("/slow") for _ in range(60)]
    await reaches(lambda: trial.upstream.seen, 80, QUIET)
    upstream = trial.upstream
    if upstream.refused:
        yield Observation(
            f"With 80 users, the supplier refused {upstream.refused} requests: it takes {SUPPLIER_TAKES} at once.",
            False,
        )
        return
    yield Observation(
        f"With 80 users, {upstream.in_flight} requests were in flight and the supplier refused none.", True
    )
    upstream.release()
    yield await trial.answered(sent, "slow")


async def _carries(trial: Trial, n: int) -> AsyncIterator[Observation]:
    sent = [trial.send("/slow") for _ in range(n)]
    yield (observed := await trial.overlap(n, sent))
    if observed.passed:
        trial.upstream.release()
        yield await trial.answered(sent, "slow")


async def free_loop(trial: Trial, path: str = "/slow") -> Observation:
    """Observe whether /healthz is answered while the upstream holds the requests to `path`."""
    if await trial.healthy():
        return Observation(f"While {path} waited, /healthz was answered.", True)
    return Observation(
        f"While {path} waited, /healthz was not answered within {PATIENCE:g} s: the event loop was held.", False
    )
