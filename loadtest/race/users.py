"""The Locust user classes of a race."""

from collections.abc import Sequence

from loadtest.generator.users import TwinUser
from loadtest.web_ui.racers import Racer


def user_classes(racers: Sequence[Racer]) -> dict[str, type[TwinUser]]:
    """Return a class of users for each racer, by the racer's name."""
    return {racer.name: type(racer.name, (TwinUser,), {"service": racer.name, "host": racer.url}) for racer in racers}
