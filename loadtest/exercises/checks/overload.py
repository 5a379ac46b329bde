"""The check of a service that must refuse early to serve more."""

from collections.abc import AsyncIterator

from loadtest.exercises.trial import PATIENCE, Observation, Trial, all_done

LIMIT = 8
"""Requests that the service may have in flight."""

BEYOND = 4


async def overload(trial: Trial) -> AsyncIterator[Observation]:
    """Check that a full service refuses at once, serves whom it has taken, and then takes others."""
    taken = [trial.send("/slow") for _ in range(LIMIT)]
    yield (observed := await trial.overlap(LIMIT, taken))
    if not observed.passed:
        return
    beyond = [trial.send("/slow") for _ in range(BEYOND)]
    await all_done(beyond)
    refused = [each.result() for each in beyond if each.done() and each.result().status == 503]
    sentence = f"With {LIMIT} requests in flight, {len(refused)} of {BEYOND} further ones were refused with 503"
    if len(refused) < BEYOND:
        queued = sum(not each.done() for each in beyond)
        others = [each.result() for each in beyond if each.done() and each.result().status != 503]
        why = f"{queued} had to wait for more than {PATIENCE:g} s" if queued else trial.told(others[0])
        yield Observation(f"{sentence}: {why}.", False)
        return
    if not all(each.headers.get("retry-after", "").strip() for each in refused):
        yield Observation(f"{sentence}, but without a Retry-After header.", False)
        return
    yield Observation(f"{sentence} and Retry-After.", True)
    trial.upstream.release()
    yield (observed := await trial.answered(taken, "slow"))
    if observed.passed:
        later = [trial.send("/slow") for _ in range(LIMIT)]
        served = await trial.answered(later, "slow")
        yield Observation(f"After that, {served.sentence[:1].lower()}{served.sentence[1:]}", served.passed)
