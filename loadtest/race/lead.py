"""The largest sentence of the page: who leads by how much."""

from collections.abc import Mapping, Sequence

from loadtest.english import count, listed, plural_of
from loadtest.web_ui.leading import EARLY, Answers, Lead, compared, starting
from loadtest.workload.open import Open

from .captions import READY, STARTING, STOPPING, Race
from .figures import Figures


def lead(race: Race, racers: Mapping[str, Figures], deadline: float, *, abandoned: bool = False) -> Lead:
    """Return who leads. `racers`: figures by name; `deadline`: seconds in which an answer of an open load is good.

    `abandoned`: whether services may still work on requests from before the run.
    """
    if (state := _coming_or_going(race, racers)) is not None:
        return state
    if abandoned:
        return Lead("early", EARLY, "services may still work on abandoned requests")
    in_time = f" within {deadline:g} s" if isinstance(race.load, Open) else ""
    return compared({name: Answers(now.good, now.seconds) for name, now in racers.items()}, in_time)


def _coming_or_going(race: Race, racers: Mapping[str, Figures]) -> Lead | None:
    if race.state == READY:
        return Lead("ready", "Ready to start")
    if race.state == STOPPING:
        left = sum(now.in_flight for now in racers.values())
        return Lead("stopping", f"Stopping: {count(left, 'request')} still in flight")
    there, wanted = sum(now.users for now in racers.values()), race.users * len(racers)
    if race.state == STARTING and there < wanted:
        return starting(there, wanted, "clients" if isinstance(race.load, Open) else "users")
    early = [name for name, now in racers.items() if not now.settled]
    if not early:
        return None
    which = "none has" if len(early) == len(racers) else f"{listed(early)} {plural_of(len(early), 'has', 'have')} not"
    return Lead("early", EARLY, f"{which} settled yet")


def short(names: Sequence[str]) -> Sequence[str]:
    """Return the names without their settings, such as `:threads=8`, if they still differ."""
    bare = [name.partition(":")[0] for name in names]
    return bare if len({*bare}) == len(bare) else names
