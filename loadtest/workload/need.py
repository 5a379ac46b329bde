"""The load that a service is needed for."""

import re
from typing import NamedTuple

from loadtest.english import count

MOST, MOST_USERS = 100_000, 10_000


class Need(NamedTuple):
    """Arrivals per second, as of many people who do not wait for each other; or users who wait for their answers.

    One of the two is 0.
    """

    rate: float = 0.0
    users: int = 0

    @property
    def label(self) -> str:
        """The need in words."""
        return count(self.users, "user") if self.users else f"{self.rate:g} requests/s"


def parsed(text: str) -> Need:
    """Return the need that a text such as `300`, `300/s` or `50 users` states. Raises ValueError otherwise."""
    found = re.fullmatch(r"\s*([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*(/s|users?)?\s*", text)
    amount = float(found[1]) if found else 0.0
    users = bool(found and found[2] and found[2].startswith("user"))
    if not 0 < amount <= (MOST_USERS if users else MOST) or (users and amount != int(amount)):
        raise ValueError(
            f"--need takes requests per second, such as 300, up to {MOST}, or users, such as '50 users', up to "
            f"{MOST_USERS}; got {text!r}."
        )
    return Need(users=int(amount)) if users else Need(rate=amount)
