"""The users of each racer."""

from collections.abc import Sequence

from loadtest.generator.users import TwinUser

from .racers import Racer


def user_classes(racers: Sequence[Racer]) -> dict[str, type[TwinUser]]:
    """A class of users for each racer, by its name."""
    return {racer.name: type(racer.name, (TwinUser,), {"service": racer.name, "host": racer.url}) for racer in racers}
