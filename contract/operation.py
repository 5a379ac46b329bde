"""What one endpoint is, and how a request for it becomes checked values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import ValidationError

from .parameters import Parameters
from .problems import bad_request, body_too_large, echo, length_required
from .replies import Reply, as_json
from .settings import Settings
from .targets import texts

METHODS = ("GET", "HEAD", "OPTIONS")
"""What every path answers. HEAD waits as GET does."""

LONGEST_BODY = 4096
"""Bytes that the body of a request may hold."""


class Headers(Protocol):
    """The one thing asked of a framework's request headers."""

    def get(self, name: str, default: str, /) -> str:
        """The value of a header, whatever the case of its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One endpoint: its row in every table, and the two steps around its wait."""

    name: str
    path: str
    takes: type[Parameters]
    waits_for: str
    summary: str
    example: str
    reply: Callable[[Any, Any], Reply]
    refusals: tuple[int, ...] = ()

    def parse(self, target: str, headers: Headers, settings: Settings) -> Any:
        """The checked values of the request for the raw `target`: an instance of `takes`.

        Raises:
            Problem: 400 for a parameter that cannot be used, 404 where `target` is another path, 411, 413.

        """
        if headers.get("Transfer-Encoding", ""):
            raise length_required(LONGEST_BODY)
        length = headers.get("Content-Length", "0")
        if length != "0" and (not length.isdecimal() or int(length) > LONGEST_BODY):
            raise body_too_large(LONGEST_BODY)
        given = texts(target, self.path)
        if self.takes.from_headers:
            self._refuse_unknown(given)
            given.update((name, headers.get(name, "")) for name in self.takes.from_headers)
        try:
            return self.takes.model_validate(given, context=settings)
        except ValidationError as error:
            self._refuse_unknown(given)
            name = str(error.errors(include_url=False, include_context=False)[0]["loc"][0])
            limits = self.takes.limits(name, f"{settings.max_duration:g} s")
            raise bad_request(f"{name} must be {limits}; got {echo(given[name])}.") from None

    def _refuse_unknown(self, given: dict[str, str]) -> None:
        known = [name for name in self.takes.model_fields if name not in self.takes.from_headers]
        for name, text in given.items():
            if name not in known:
                takes = f"takes only {', '.join(known)}" if known else "takes no parameters"
                raise bad_request(f"{self.path} {takes}; got {echo(name)} with the value {echo(text)}.")


def options() -> Reply:
    """The answer to OPTIONS on any known path."""
    return Reply(as_json({"allow": METHODS}), headers={"Allow": ", ".join(METHODS)})
