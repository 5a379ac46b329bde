"""The audience of a race: the room in which others reach its web app, and the question whose answer they predict."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import NamedTuple

from loadtest.processes.room import Room, url

from .wall import Asked

AUDIENCE = "AUDIENCE"
"""The environment variable that passes the audience to Locust's process."""


class Audience(NamedTuple):
    """The room, or None if only this machine reaches the race; the question, or None if there is none."""

    room: Room | None = None
    asked: Asked | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses of the room."""
        return self.room.addresses if self.room else ()

    def urls(self, port: int) -> tuple[str, ...]:
        """Return what others open: the form for a prediction if there is a question, else the race."""
        path = "/race/predict" if self.asked else "/race"
        return tuple(url(address, port, path) for address in self.room.shown) if self.room else ()


NOBODY = Audience()


def written(audience: Audience) -> str:
    """Return the audience as JSON, the value of AUDIENCE."""
    return json.dumps({name: part and asdict(part) for name, part in audience._asdict().items()})


def read(environment: Mapping[str, str]) -> Audience:
    """Return the audience from the JSON of `written`, or NOBODY if AUDIENCE is not set."""
    said = json.loads(environment.get(AUDIENCE, "{}"))
    room, asked = said.get("room"), said.get("asked")
    return Audience(
        Room(room["host"], tuple(room["addresses"]), tuple(room["shown"])) if room else None,
        Asked(**asked) if asked else None,
    )
