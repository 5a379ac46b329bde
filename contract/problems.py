"""Every refusal, as RFC 9457 problem+json."""

from collections.abc import Iterable, Mapping

from .replies import Reply, as_json

PROBLEM = "application/problem+json"

LONGEST_ECHO = 80


class Problem(Exception):
    """A request that is refused, or a wait that came to nothing."""

    def __init__(self, status: int, title: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        """Take the status and its RFC 9110 name, a sentence for whoever sent the request, and extra headers."""
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.headers = headers or {}

    def reply(self) -> Reply:
        """The problem as a response. Its type is about:blank, so its title is the status's own name."""
        document = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        return Reply(as_json(document), self.status, PROBLEM, self.headers)


def echo(sent: str) -> str:
    """What was sent, quoted and cut short, to show in a sentence."""
    return ascii(sent if len(sent) <= LONGEST_ECHO else sent[:LONGEST_ECHO] + "...")


def bad_request(detail: str) -> Problem:
    """400: a parameter that cannot be used; `detail` names it, its limits and what was sent."""
    return Problem(400, "Bad Request", detail)


def not_found(target: str) -> Problem:
    """404: nothing is served at this request target."""
    path = target.partition("?")[0]
    return Problem(404, "Not Found", f"Nothing is served at {echo(path)}; GET / lists what is.")


def method_not_allowed(method: str, allowed: Iterable[str]) -> Problem:
    """405: the path is known, the method is not one of `allowed`."""
    allow = ", ".join(sorted(allowed))
    return Problem(405, "Method Not Allowed", f"{echo(method)} is not one of {allow}.", {"Allow": allow})


def length_required(limit: int) -> Problem:
    """411: the request's body comes in chunks, so that nobody knows whether it holds `limit` bytes at the most."""
    return Problem(411, "Length Required", f"The body of a request needs a Content-Length, of at most {limit} bytes.")


def body_too_large(limit: int) -> Problem:
    """413: the request's body is longer than `limit` bytes."""
    return Problem(413, "Content Too Large", f"The body of a request may hold at most {limit} bytes.")


def internal_error() -> Problem:
    """500: a fault of the service, told to its log and not to the client."""
    return Problem(500, "Internal Server Error", "The service failed; its log has the traceback.")


def too_many_in_flight(limit: int) -> Problem:
    """503: `limit` requests are waiting in this process already."""
    detail = f"{limit} requests are in flight in this process already, as many as MAX_IN_FLIGHT allows."
    return Problem(503, "Service Unavailable", detail, {"Retry-After": "1"})


def no_free_connection(pool: str, size: int, timeout: float) -> Problem:
    """503: all connections of the process to `pool` were in use for `timeout` seconds."""
    detail = f"None of the {size} connections of this process to the {pool} was free within {timeout:g} s."
    return Problem(503, "Service Unavailable", detail, {"Retry-After": "1"})


def not_reachable(pool: str) -> Problem:
    """503: what the process is connected to has gone away, and may come back."""
    return Problem(503, "Service Unavailable", f"The {pool} cannot be reached.", {"Retry-After": "1"})


def not_configured(variable: str) -> Problem:
    """503: the service was started without the environment variable that says where to turn to."""
    detail = f"The service was started without {variable}, which this endpoint needs."
    return Problem(503, "Service Unavailable", detail, {"Retry-After": "60"})


def bad_gateway(detail: str) -> Problem:
    """502: the upstream could not be asked, or gave an answer that cannot be used."""
    return Problem(502, "Bad Gateway", detail)


def disk_full() -> Problem:
    """507: there is no room for what was to be written. Source of the status: RFC 4918, section 11.5."""
    return Problem(507, "Insufficient Storage", "There is no room left where files are written.")


def timed_out(detail: str) -> Problem:
    """504: what the request waited for did not come in time."""
    return Problem(504, "Gateway Timeout", detail)
