"""The wall: a question whose answer is measured, and the numbers that the room predicts.

Numbers are kept in memory alone, without a name, until the process ends.
"""

import re
import secrets
from dataclasses import dataclass
from typing import Any

from loadtest.workload.closed import Closed

from .captions import RUNNING, STARTING, Race
from .figures import Figures
from .predictions import picture

MOST = 1_000_000
"""The largest number that can be predicted."""

MOST_NUMBERS = 1000
"""The most numbers that are kept."""

NUMBER = re.compile(r"[0-9]{1,7}(?:[.,][0-9]{1,6})?")
"""A number as people type it; many telephones offer a comma instead of a point."""

THOUSANDS = re.compile(r"[0-9]{1,3},[0-9]{3}")
"""A text that is one number where a comma is a decimal point, and another where it divides thousands."""


@dataclass(frozen=True)
class Asked:
    """A question about one racer of a race, and the run that answers it."""

    sentence: str
    unit: str
    """The unit behind the number, such as `/s`."""
    racer: str
    """The name of the racer whose answers per second are the answer."""
    scenario: str
    delay: str
    """The delay of each request, as typed."""
    users: int


class NotTaken(Exception):
    """A number that comes too late, or is one too many; the message is one sentence."""


class Wall:
    """The predictions of a room. Each browser has one, by a token that it keeps for the time it is open."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.revealed = False
        """True once the predictions are shown; from then on no other is accepted."""
        self._numbers: dict[str, float] = {}
        self._measured: float | None = None
        self._predicted: float | None = None

    def send(self, token: str | None, text: str) -> str:
        """Keep the number that a browser sends in place of its earlier one, and return the browser's token.

        Raises:
            ValueError: if `text` is no number from 0 to MOST.
            NotTaken: if the predictions have been shown, or MOST_NUMBERS are kept.

        """
        number = prediction(text)
        if self.revealed:
            raise NotTaken("The predictions are on the wall already, so no other is accepted.")
        if token is None or token not in self._numbers:
            if len(self._numbers) >= MOST_NUMBERS:
                raise NotTaken(f"The wall has {MOST_NUMBERS} predictions, and takes no more.")
            token = secrets.token_urlsafe(16)  # never one that a browser has made up
        self._numbers[token] = number
        return token

    def sent(self, token: str | None) -> str | None:
        """Return the number that a browser has sent, with its unit, or None if it has sent none."""
        number = self._numbers.get(token or "")
        return None if number is None else f"{number:,.7g}{self.asked.unit}"

    def follow(self, race: Race, delay: str, figures: Figures) -> None:
        """Note the answers per second of the racer, measured and according to the model, in the run that was asked for.

        `delay`: that of the run, as typed. Another run leaves the measurement as it is, and so does the end.
        """
        asked = (self.asked.scenario, self.asked.delay, Closed(self.asked.users))
        if race.state in (STARTING, RUNNING) and (race.scenario, delay, race.load) == asked:
            self._measured = figures.throughput
            self._predicted = None if figures.predicted is None else figures.predicted.throughput

    def shown(self) -> dict[str, Any]:
        """Return what the page shows: before the predictions are revealed, only how many there are."""
        said: dict[str, Any] = {"count": len(self._numbers), "revealed": self.revealed}
        if not self.revealed:
            return said
        drawn = picture([*self._numbers.values()], [self._measured, self._predicted])
        return {**said, **drawn._asdict(), "measured": self._measured, "predicted": self._predicted}


def prediction(text: str) -> float:
    """Return the number that a person has typed. Raises ValueError, in one sentence, if it is none from 0 to MOST."""
    text = text.strip()
    if THOUSANDS.fullmatch(text):
        raise ValueError(f"Write {text.replace(',', '')} without a comma, or {text.replace(',', '.')} with a point.")
    number = float(text.replace(",", ".")) if NUMBER.fullmatch(text) else -1.0
    if not 0 <= number <= MOST:
        raise ValueError(f"A prediction is a number from 0 to {MOST:,}, such as 20 or 2.5.")
    return number
