"""Every error response, as RFC 9457 problem+json."""

from collections.abc import Iterable, Mapping

from .replies import Reply, as_json

PROBLEM = "application/problem+json"

LONGEST_ECHO = 80

_OTHER_ORIGIN = (
    "A page of another origin may not send this request: send it from the service's own page, or without Origin, "
    "as curl does."
)


class Problem(Exception):
    """A refused request or a failed wait: status, its RFC 9110 name, a sentence for the client, and extra headers."""

    def __init__(self, status: int, title: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.headers = headers or {}

    def reply(self) -> Reply:
        """Return the problem as a response. Its type is about:blank, so its title is the name of the status."""
        document = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        return Reply(as_json(document), self.status, PROBLEM, self.headers)


def echo(sent: str) -> str:
    """Quote the text that a client sent, in ASCII and cut to 80 characters, for use in a sentence."""
    return ascii(sent if len(sent) <= LONGEST_ECHO else sent[:LONGEST_ECHO] + "...")


def bad_request(detail: str) -> Problem:
    """Return a 400 for an invalid parameter; `detail` states its name, its limits and the text that was sent."""
    return Problem(400, "Bad Request", detail)


def not_found(target: str) -> Problem:
    """Return a 404: no endpoint matches this request target."""
    path = target.partition("?")[0]
    return Problem(404, "Not Found", f"No endpoint matches {echo(path)}; GET / lists the endpoints.")


def method_not_allowed(method: str, allowed: Iterable[str]) -> Problem:
    """Return a 405: the path exists, but only for the methods in `allowed`."""
    allow = ", ".join(sorted(allowed))
    return Problem(405, "Method Not Allowed", f"Method {echo(method)} is not allowed, only {allow}.", {"Allow": allow})


def other_origin() -> Problem:
    """Return a 403: the request comes from a page of another origin, which may change nothing."""
    return Problem(403, "Forbidden", _OTHER_ORIGIN)


def length_required(limit: int) -> Problem:
    """Return a 411: the request body comes in chunks, so its length cannot be checked against `limit` bytes."""
    return Problem(411, "Length Required", f"A request body needs a Content-Length of at most {limit} bytes.")


def body_too_large(limit: int) -> Problem:
    """Return a 413: the request body is longer than `limit` bytes."""
    return Problem(413, "Content Too Large", f"A request body may hold at most {limit} bytes.")


def encoded_body() -> Problem:
    """Return a 415: the request body is compressed. `Accept-Encoding` says that it must not be (RFC 9110, 15.5.16)."""
    detail = "A request body must not be compressed or otherwise encoded: leave Content-Encoding out."
    return Problem(415, "Unsupported Media Type", detail, {"Accept-Encoding": "identity"})


def internal_error() -> Problem:
    """Return a 500: the service failed. The cause is in its log and not in the response."""
    return Problem(500, "Internal Server Error", "The service failed; its log has the traceback.")


def too_many_in_flight(limit: int) -> Problem:
    """Return a 503: `limit` requests are already in flight in this process."""
    detail = f"This process already has as many requests in flight as MAX_IN_FLIGHT allows ({limit})."
    return Problem(503, "Service Unavailable", detail, {"Retry-After": "1"})


def no_free_connection(pool: str, size: int, timeout: float) -> Problem:
    """Return a 503: all `size` connections of the process to `pool` were in use for `timeout` seconds."""
    detail = f"No connection of this process to the {pool} became free within {timeout:g} s (pool size: {size})."
    return Problem(503, "Service Unavailable", detail, {"Retry-After": "1"})


def not_reachable(pool: str) -> Problem:
    """Return a 503: the service behind `pool` is unreachable, but may come back."""
    return Problem(503, "Service Unavailable", f"The {pool} is unreachable.", {"Retry-After": "1"})


def not_configured(variable: str) -> Problem:
    """Return a 503: the service was started without `variable`, an address that the endpoint needs."""
    detail = f"The service was started without {variable}, which this endpoint needs."
    return Problem(503, "Service Unavailable", detail, {"Retry-After": "60"})


def no_directory() -> Problem:
    """Return a 503: no file can be created where FILE_DIRECTORY says, or where temporary files go by default."""
    detail = "No file can be created in the directory for files (FILE_DIRECTORY)."
    return Problem(503, "Service Unavailable", detail, {"Retry-After": "60"})


def bad_gateway(detail: str) -> Problem:
    """Return a 502: the upstream is unreachable or its response is invalid."""
    return Problem(502, "Bad Gateway", detail)


def disk_full() -> Problem:
    """Return a 507: the disk has no space for the file. Source of the status: RFC 4918, section 11.5."""
    return Problem(507, "Insufficient Storage", "The disk has no space left for this file.")


def timed_out(detail: str) -> Problem:
    """Return a 504: the wait of the request did not end in time."""
    return Problem(504, "Gateway Timeout", detail)
