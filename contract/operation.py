"""What one endpoint is, and how a request for it becomes checked values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import ValidationError

from .parameters import LONGEST_TEXT, Parameters, checked, checked_again
from .problems import Problem, bad_request, body_too_large, echo, length_required
from .replies import JSON, Reply, as_json
from .settings import Settings
from .targets import texts

LONGEST_BODY = LONGEST_TEXT
"""Bytes that the body of a request may hold."""

MOST_DIGITS = 9
"""Of a length. Python refuses to read thousands of them."""


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
    waits_for: str = "nothing"
    summary: str
    example: str
    reply: Callable[[Any, Any], Reply]
    status: str = "200"
    """Of a response that is no refusal, as the OpenAPI document names it."""
    media_type: str = JSON
    """Of that response."""
    refusals: tuple[int, ...] = (503,)
    """Statuses of refusals, beside those of a request that cannot be used."""
    takes_a_place: bool = True
    """Whether its wait counts among those that MAX_IN_FLIGHT allows."""

    @property
    def method(self) -> str:
        """GET, or POST where the request's body is read."""
        return "POST" if self.takes.from_body else "GET"

    @property
    def methods(self) -> tuple[str, ...]:
        """What its path answers. HEAD waits as GET does."""
        return ("POST", "OPTIONS") if self.takes.from_body else ("GET", "HEAD", "OPTIONS")

    def is_at(self, target: str) -> bool:
        """Whether the raw `target`, whatever its query, is the path of this operation."""
        try:
            texts(target.partition("?")[0], self.path)
        except Problem as problem:
            return problem.status != 404
        return True

    def admit(self, headers: Headers) -> None:
        """Look at what the headers say of the body, before any of it is read.

        A Problem: 411 where its length is unknown, 413 where it is too long.
        """
        if headers.get("Transfer-Encoding", ""):
            raise length_required(LONGEST_BODY)
        length = headers.get("Content-Length", "0")
        if length != "0" and (not length.isdecimal() or len(length) > MOST_DIGITS or int(length) > LONGEST_BODY):
            raise body_too_large(LONGEST_BODY)

    def parse(self, target: str, headers: Headers, settings: Settings, body: bytes = b"") -> Any:
        """The checked values of the request for the raw `target`: an instance of `takes`.

        A Problem: 400 for a parameter or body that cannot be used, 404 where `target` is another path.
        """
        given = sent = texts(target, self.path)
        if self.takes.from_headers or self.takes.from_body:
            self._refuse_unknown(sent)
            given = {**sent, **self._elsewhere(headers, body)}
        try:
            if given is sent:
                return checked_again(self.takes, tuple(sent.items()), settings.max_duration)
            # headers and bodies are seldom the same, and not ours to keep
            return checked(self.takes, given.items(), settings.max_duration)
        except ValidationError as error:
            self._refuse_unknown(sent)
            name = str(error.errors(include_url=False, include_context=False)[0]["loc"][0])
            limits = self.takes.limits(name, f"{settings.max_duration:g} s")
            raise bad_request(f"{name} must be {limits}; got {echo(given[name])}.") from None

    def _elsewhere(self, headers: Headers, body: bytes) -> dict[str, str]:
        found = {name: headers.get(name, "") for name in self.takes.from_headers}
        if self.takes.from_body:
            if len(body) != int(headers.get("Content-Length", "0")):
                raise bad_request("The body is shorter than its Content-Length.")
            found[self.takes.from_body] = body.decode("utf-8", "surrogateescape")
        return found

    def _refuse_unknown(self, sent: dict[str, str]) -> None:
        known = [name for name in self.takes.model_fields if name not in self.takes.from_elsewhere()]
        for name, text in sent.items():
            if name not in known:
                takes = f"takes only {', '.join(known)}" if known else "takes no parameters"
                raise bad_request(f"{self.path} {takes}; got {echo(name)} with the value {echo(text)}.")


def options(methods: Sequence[str]) -> Reply:
    """The answer to OPTIONS on a path that answers these methods."""
    return Reply(as_json({"allow": methods}), headers={"Allow": ", ".join(methods)})
