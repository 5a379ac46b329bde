"""The description of one endpoint, and the checks that turn a request into values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import ValidationError

from .parameters import LONGEST_TEXT, Parameters, checked, checked_again
from .problems import Problem, bad_request, body_too_large, echo, encoded_body, length_required, other_origin
from .replies import JSON, Reply, as_json
from .settings import Settings
from .targets import texts

LONGEST_BODY = LONGEST_TEXT
"""The maximum size of a request body, in bytes."""

MOST_DIGITS = 9
"""The maximum number of digits in a Content-Length: plenty for LONGEST_BODY, and few enough for int(), which refuses
thousands of digits."""


class Headers(Protocol):
    """The one method that every framework's header mapping must have."""

    def get(self, name: str, default: str, /) -> str:
        """Return the value of a header, or `default`. The case of `name` does not matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One endpoint: its row in routes, index and OpenAPI document, the checks before its wait, the reply after it."""

    name: str
    path: str
    takes: type[Parameters]
    waits_for: str = "nothing"
    summary: str
    example: str
    reply: Callable[[Any, Any], Reply]
    """Builds the response from the checked values and the result of the wait, or the service's name without a wait."""
    status: str = "200"
    """The status of a normal response, as the OpenAPI document names it."""
    media_type: str = JSON
    """The content type of a normal response."""
    refusals: tuple[int, ...] = (503,)
    """Error statuses of this operation, besides those of an invalid request (400, 403, 411, 413, 415)."""
    takes_a_place: bool = True
    """True if its waiting requests count towards MAX_IN_FLIGHT."""

    @property
    def method(self) -> str:
        """The method: POST if the operation reads a request body, else GET."""
        return "POST" if self.takes.from_body else "GET"

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that its path allows. HEAD waits as GET does."""
        return ("POST", "OPTIONS") if self.takes.from_body else ("GET", "HEAD", "OPTIONS")

    def is_at(self, target: str) -> bool:
        """Return whether the raw `target`, without its query, is a path of this operation."""
        try:
            texts(target.partition("?")[0], self.path)
        except Problem as problem:
            return problem.status != 404
        return True

    def admit(self, headers: Headers) -> None:
        """Check the headers that describe the body, and who sends it, before the body is read.

        Raises Problem: 403 for a body that a page of another origin sends, 411 for a chunked body, 413 if
        Content-Length is not a plain number up to LONGEST_BODY, 415 for a Content-Encoding other than identity.
        """
        origin = headers.get("Origin", "") if self.takes.from_body else ""
        if origin and origin.partition("://")[2] != headers.get("Host", ""):
            raise other_origin()
        if headers.get("Transfer-Encoding", ""):
            raise length_required(LONGEST_BODY)
        length = headers.get("Content-Length", "0")
        if length != "0" and (not length.isdecimal() or len(length) > MOST_DIGITS or int(length) > LONGEST_BODY):
            raise body_too_large(LONGEST_BODY)
        encoding = headers.get("Content-Encoding", "")
        if encoding and not {coding.strip().lower() for coding in encoding.split(",")} <= {"identity", ""}:
            raise encoded_body()

    def parse(self, target: str, headers: Headers, settings: Settings, body: bytes = b"") -> Any:
        """Check a request and return its values as an instance of `takes`.

        `target` is the request target as sent, still percent-encoded.

        Raises Problem: 400 for an invalid parameter or body, 404 if `target` is another path.
        """
        given = sent = texts(target, self.path)
        if self.takes.from_headers or self.takes.from_body:
            self._refuse_unknown(sent)
            given = {**sent, **self._elsewhere(headers, body)}
        try:
            if given is sent:
                return checked_again(self.takes, tuple(sent.items()), settings.max_duration)
            # not cached: bodies rarely repeat, and what a client sends in headers and bodies is private to it
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
    """Return the response to OPTIONS on a path that allows `methods`."""
    return Reply(as_json({"allow": methods}), headers={"Allow": ", ".join(methods)})
