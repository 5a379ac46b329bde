"""The invitation to the room: the addresses of the race's web app for others."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from loadtest.processes.room import Room, url

ROOM = "ROOM"
"""The environment variable that passes the room to Locust's process."""


def written(room: Room | None) -> str:
    """Return the room as JSON, the value of ROOM; an empty string if there is none."""
    return json.dumps(asdict(room)) if room else ""


def read(text: str) -> Room | None:
    """Return the room from the JSON of `written`, or None from an empty string."""
    if not text:
        return None
    said = json.loads(text)
    return Room(said["host"], tuple(said["addresses"]), tuple(said["shown"]))


def urls(room: Room | None, port: int, *, asks: bool) -> Sequence[str]:
    """Return what others open: the form for a prediction if there is a question, else the race."""
    path = "/race/predict" if asks else "/race"
    return [url(address, port, path) for address in room.shown] if room else []
