"""A race that others in the room reach: Locust alone, for racers that answer at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from loadtest.contenders.service import lineup
from loadtest.processes.own import free_port
from loadtest.processes.room import Room, addresses, outward, url
from loadtest.race.audience import Audience
from loadtest.race.command import locust
from loadtest.race.wall import Asked
from loadtest.web_ui.racers import Racer
from tests.loadtest.support.racing import WITHIN, Answer
from tests.loadtest.support.servers import answering
from tests.loadtest.support.web_uis import web_ui
from tests.support.stalls import eventually

ASKED = Asked("How many answers per second does aiohttp give?", "/s", "aiohttp", "delay", "10ms", 2)


def of_this_machine() -> str:
    """Return an address of this machine that is not a loopback one: a connection to it comes from it, too."""
    if not (found := addresses()):
        pytest.skip("This machine has no address but loopback ones.")
    first = outward()
    return first if first in found else found[0]


class Place(NamedTuple):
    """The race, as it is reached at `address`."""

    address: str
    port: int

    @property
    def url(self) -> str:
        """The race's origin."""
        return url(self.address, self.port)

    def ask(self, path: str, body: str | None = None, **headers: str) -> Answer:
        """GET `path`, or POST `body` to it if given. In names of headers, _ stands for -."""
        connection = HTTPConnection(self.address, self.port, timeout=WITHIN)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request("GET" if body is None else "POST", path, body, named)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read().decode())
        finally:
            connection.close()

    def predict(self, number: str, cookie: str = "") -> Answer:
        """Send a number as a browser with this cookie does, with its form."""
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        return self.ask("/race/prediction", urlencode({"number": number}), **form, Cookie=cookie)

    def answers(self) -> bool:
        """Return True if the race can be reached here."""
        try:
            return self.ask("/race").status == 200
        except OSError:
            return False


class Hosted(NamedTuple):
    """A race, as the presenter and as the others reach it."""

    presenter: Place
    others: Place


@contextmanager
def hosted(log: Path) -> Iterator[Hosted]:
    """Run a race with a wall until the context exits. `log`: the file for its output."""
    address, port = of_this_machine(), free_port()
    audience = Audience(Room(address, (address,), (address,)), ASKED)
    with answering(200, b'{"duration":0.01}\n') as told:
        racers = [Racer(lineup(1)[name], told) for name in ("flask", "aiohttp")]
        race = locust(racers, port, others=audience)
        with web_ui(race.command, race.environment, log, [address]):
            room = Hosted(Place("127.0.0.1", port), Place(address, port))
            eventually(lambda: all(place.answers() for place in room))
            yield room
