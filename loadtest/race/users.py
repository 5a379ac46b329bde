"""The users of each lane."""

from collections.abc import Sequence

from ..users import TwinUser
from .lanes import Lane


def user_classes(lanes: Sequence[Lane]) -> dict[str, type[TwinUser]]:
    """A class of users for each lane, by its name."""
    return {lane.name: type(lane.name, (TwinUser,), {"service": lane.name, "host": lane.url}) for lane in lanes}
