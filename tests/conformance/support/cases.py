"""Tables of requests and the responses that the contract requires."""

from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from typing import NamedTuple, TypeVar

from contract.icon import favicon
from contract.index import reply
from contract.openapi import reply as openapi
from contract.operations import OPERATIONS
from contract.parameters import Nothing, Preferences
from contract.replies import Reply
from tests.conformance.support.wire import HOST, Answer

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
EVENTS = "text/event-stream; charset=utf-8"
METRICS = "text/plain; version=0.0.4; charset=utf-8"

SECONDS = "seconds (0.25) or a number with a unit (250ms, 1.5s), from 0 to 10 s"
POSITIVE = "seconds (0.25) or a number with a unit (250ms, 1.5s), more than 0 and at most 10 s"
COUNT = "a whole number from 1 to 100"
MODE = "idiomatic, sequential or concurrent"
BYTES = "a whole number from 1 to 1048576"
STATUS = "a whole number from 200 to 599"
SIZE = "bytes (1000) or a number with a unit (64KiB, 1MiB), from 0 to 16MiB"
NAME = "1 to 64 characters from a-z, 0-9 and -"
ANSWER = "UTF-8 text without NUL, of 1 to 4096 bytes"


class Good(NamedTuple):
    """A request that succeeds after a wait of at least `waits` seconds, or without a wait (None)."""

    target: str
    body: bytes
    waits: float | None = None
    content_type: str = JSON
    status: int = 200


def _body(reply: Reply) -> bytes:
    assert isinstance(reply.body, bytes)
    return reply.body


INDEX = _body(reply(OPERATIONS, Preferences(host=HOST, accept=""), "sync_app"))


@cache
def own(service: str) -> tuple[bytes, bytes]:
    """Return the bodies that say which service sent them, its page and its icon, given its name in Served-By."""
    page = reply(OPERATIONS, Preferences(host=HOST, accept="text/html"), service)
    return _body(page), _body(favicon(Nothing(), service))


def common(answer: Answer) -> bytes:
    """Return the body of an answer, with a placeholder for the page or the icon of the service that sent it."""
    service = answer.headers.get("Served-By", "").partition(";")[0]
    return b"its own" if service and answer.body in own(service) else answer.body


def _file(size: str, length: int) -> Good:
    """Return a request for a file of `length` bytes: the bytes from 0 to 255, repeated."""
    digest = sha256((bytes(range(256)) * (length // 256 + 1))[:length]).hexdigest()
    return Good(f"/file?size={size}", b'{"size":%d,"sha256":"%s"}\n' % (length, digest.encode()), 0)


GOOD = (
    Good("/", INDEX),
    Good("/?", INDEX),
    Good("/healthz", b'{"status":"ok"}\n'),
    Good("/healthz?_=1", b'{"status":"ok"}\n'),
    Good("/openapi.json", _body(openapi(OPERATIONS))),
    Good("/delay/0", b'{"duration":0.0}\n', 0),
    Good("/delay/20ms", b'{"duration":0.02}\n', 0.02),
    Good("/delay/0.01", b'{"duration":0.01}\n', 0.01),
    Good("/delay/.01s", b'{"duration":0.01}\n', 0.01),
    Good("/delay/9ms", b'{"duration":0.009}\n', 0.009),
    Good("/delay/1us", b'{"duration":1e-6}\n', 0),
    Good("/delay/%30", b'{"duration":0.0}\n', 0),
    Good("/delay/0?_nocache=1&_nocache=2", b'{"duration":0.0}\n', 0),
    Good(f"http://{HOST}/delay/0", b'{"duration":0.0}\n', 0),
    Good("/fanout?n=2&delay=20ms", b'{"n":2,"delay":0.02,"mode":"idiomatic"}\n', 0.02),
    Good("/fanout?delay=10ms", b'{"n":5,"delay":0.01,"mode":"idiomatic"}\n', 0.01),
    Good("/fanout?delay=10ms&n=3&mode=sequential", b'{"n":3,"delay":0.01,"mode":"sequential"}\n', 0.03),
    Good("/fanout?mode=concurrent&n=100&delay=20ms", b'{"n":100,"delay":0.02,"mode":"concurrent"}\n', 0.02),
    Good("/fanout?n=100&delay=0", b'{"n":100,"delay":0.0,"mode":"idiomatic"}\n', 0),
    Good("/barrier?n=1", b'{"n":1}\n', 0),
    Good("/barrier?n=1&timeout=0", b'{"n":1}\n', 0),
    Good("/fetch?delay=20ms", b'{"n":1,"delay":0.02,"mode":"idiomatic","durations":[0.02]}\n', 0.02),
    Good("/fetch?delay=0&n=2", b'{"n":2,"delay":0.0,"mode":"idiomatic","durations":[0.0,0.0]}\n', 0),
    Good(
        "/fetch?mode=sequential&n=3&delay=9ms",
        b'{"n":3,"delay":0.009,"mode":"sequential","durations":[0.009,0.009,0.009]}\n',
        0.027,
    ),
    Good("/fetch", b'{"n":1,"delay":0.1,"mode":"idiomatic","durations":[0.1]}\n', 0.1),
    Good("/query?delay=20ms", b'{"n":1,"delay":0.02,"mode":"idiomatic","rows":[0]}\n', 0.02),
    Good("/query?delay=10ms&n=3&mode=sequential", b'{"n":3,"delay":0.01,"mode":"sequential","rows":[0,1,2]}\n', 0.03),
    Good("/query?delay=0&n=4&mode=concurrent", b'{"n":4,"delay":0.0,"mode":"concurrent","rows":[0,1,2,3]}\n', 0),
    Good("/query", b'{"n":1,"delay":0.1,"mode":"idiomatic","rows":[0]}\n', 0.1),
    _file("0", 0),
    _file("1", 1),
    _file("1000B", 1000),
    _file("64KiB", 65536),
    _file("65537", 65537),
    _file("16MiB", 16777216),
    Good("/file", _file("1MiB", 1048576).body, 0),
    Good("/drip?duration=0", b"*" * 10, 0, TEXT),
    Good("/drip?duration=30ms&numbytes=4&delay=20ms", b"****", 0.02, TEXT),
    Good("/drip?duration=10ms&numbytes=1", b"*", 0, TEXT),
    Good("/drip?duration=0&numbytes=1048576", b"*" * 1048576, 0, TEXT),
    Good("/drip?duration=20ms&numbytes=3&code=418", b"***", 0, TEXT, 418),
    Good("/drip?duration=0&code=503", b"*" * 10, 0, TEXT, 503),
    Good("/drip?duration=0&code=299&_=1", b"*" * 10, 0, TEXT, 299),
    Good("/cpu/20ms", b'{"duration":0.02}\n', 0.02),
    Good("/blocking/20ms", b'{"duration":0.02}\n', 0.02),
    Good("/offload/20ms", b'{"duration":0.02}\n', 0.02),
)


class Bad(NamedTuple):
    """A request that is refused with 400 and the sentence `detail`."""

    target: str
    detail: str


def _bad_durations() -> list[Bad]:
    sent = {
        "nan": "'nan'",
        "inf": "'inf'",
        "-1": "'-1'",
        "1e999": "'1e999'",
        "11": "'11'",
        "abc": "'abc'",
        "": "''",
        "1h": "'1h'",
        "%201": "' 1'",
        "%EF%BC%91": r"'\uff11'",
    }
    places = {
        "/delay/{}": "duration",
        "/cpu/{}": "duration",
        "/blocking/{}": "duration",
        "/offload/{}": "duration",
        "/fanout?delay={}": "delay",
        "/barrier?timeout={}": "timeout",
    }
    more = {
        "/fetch?delay={}": "delay",
        "/query?delay={}": "delay",
        "/ask/lunch?timeout={}": "timeout",
        "/drip?duration={}": "duration",
        "/drip?delay={}": "delay",
        "/sse?delay={}": "delay",
    }
    return [
        Bad(place.format(text), f"{name} must be {SECONDS}; got {sent[text]}.")
        for place, name in (places | more).items()
        for text in (sent if place in places else ("nan", "11", ""))
    ]


BAD = (
    *_bad_durations(),
    *(
        Bad(f"/{path}?n={text}", f"n must be {COUNT}; got '{text}'.")
        for path in ("fanout", "barrier")
        for text in ("0", "-1", "1.5", "101", "abc", "")
    ),
    *(
        Bad(f"/{path}?n={text}", f"n must be {COUNT}; got '{text}'.")
        for path in ("fetch", "query")
        for text in ("0", "x")
    ),
    *(Bad(f"/{path}?mode=all", f"mode must be {MODE}; got 'all'.") for path in ("fetch", "query")),
    Bad("/fetch?n=3&delay=4s", "n times delay must be at most 10 s; got 3 times 4 s."),
    Bad("/query?n=100&delay=.2", "n times delay must be at most 10 s; got 100 times 0.2 s."),
    Bad(
        "/fetch?url=http://evil.test/",
        "/fetch takes only n, delay, mode; got 'url' with the value 'http://evil.test/'.",
    ),
    Bad("/fetch?delay=1%0d%0aHost:x", f"delay must be {SECONDS}; got '1\\r\\nHost:x'."),
    Bad("/query?delay=1);drop+table+answers", f"delay must be {SECONDS}; got '1);drop table answers'."),
    Bad("/query?sql=x", "/query takes only n, delay, mode; got 'sql' with the value 'x'."),
    *(
        Bad(f"/file?size={text}", f"size must be {SIZE}; got '{text}'.")
        for text in ("", "-1", "1.5", "1kB", "17MiB", "16777217", "9999999999", "1GiB")
    ),
    Bad("/file?path=/etc/passwd", "/file takes only size; got 'path' with the value '/etc/passwd'."),
    *(
        Bad(f"/ask/{sent}", f"question must be {NAME}; got '{shown}'.")
        for sent, shown in {"": "", "Lunch": "Lunch", "a_b": "a_b", "a%20b": "a b", "a%0A": "a\\n", "..": ".."}.items()
    ),
    Bad(f"/ask/{'a' * 65}", f"question must be {NAME}; got '{'a' * 65}'."),
    Bad("/ask/%C3%A9", rf"question must be {NAME}; got '\xe9'."),
    Bad("/ask/lunch?answer=x", "/ask/{question} takes only question, timeout; got 'answer' with the value 'x'."),
    *(Bad(f"/drip?numbytes={text}", f"numbytes must be {BYTES}; got '{text}'.") for text in ("0", "1048577", "1KiB")),
    *(Bad(f"/drip?code={text}", f"code must be {STATUS}; got '{text}'.") for text in ("100", "199", "600", "", "OK")),
    Bad("/drip?duration=9s&delay=2s", "duration plus delay must be at most 10 s; got 9 s plus 2 s."),
    Bad("/drip?count=3", "/drip takes only duration, delay, numbytes, code; got 'count' with the value '3'."),
    *(Bad(f"/sse?count={text}", f"count must be {COUNT}; got '{text}'.") for text in ("0", "101", "")),
    *(Bad(f"/sse?duration={text}", f"duration must be {POSITIVE}; got '{text}'.") for text in ("0", "0ms", "11", "x")),
    Bad("/sse?duration=9s&delay=2s", "duration plus delay must be at most 10 s; got 9 s plus 2 s."),
    Bad("/sse?code=200", "/sse takes only duration, delay, count; got 'code' with the value '200'."),
    Bad("/metrics?name=x", "/metrics takes no parameters; got 'name' with the value 'x'."),
    Bad("/fanout?mode=parallel", f"mode must be {MODE}; got 'parallel'."),
    Bad("/fanout?mode=", f"mode must be {MODE}; got ''."),
    Bad("/fanout?n=100&delay=1s", "n times delay must be at most 10 s; got 100 times 1 s."),
    Bad("/?x", "/ takes no parameters; got 'x' with the value ''."),
    Bad("/?host=x", "/ takes no parameters; got 'host' with the value 'x'."),
    Bad("/healthz?verbose=1", "/healthz takes no parameters; got 'verbose' with the value '1'."),
    Bad("/openapi.json?v=3", "/openapi.json takes no parameters; got 'v' with the value '3'."),
    Bad("/delay/1?dealy=1", "/delay/{duration} takes only duration; got 'dealy' with the value '1'."),
    Bad("/cpu/1?x=1", "/cpu/{duration} takes only duration; got 'x' with the value '1'."),
    Bad("/blocking/1?x=1", "/blocking/{duration} takes only duration; got 'x' with the value '1'."),
    Bad("/offload/1?x=1", "/offload/{duration} takes only duration; got 'x' with the value '1'."),
    Bad("/fanout?count=5", "/fanout takes only n, delay, mode; got 'count' with the value '5'."),
    Bad("/barrier?delay=1s", "/barrier takes only n, timeout; got 'delay' with the value '1s'."),
    Bad("/delay/1?duration=2", "'duration' may be given only once; got '2' as well."),
    Bad("/fanout?n=1&n=2", "'n' may be given only once; got '2' as well."),
    Bad("/barrier?timeout=1s&timeout=1s", "'timeout' may be given only once; got '1s' as well."),
    Bad("/delay/%00", r"'duration' must be UTF-8 text without NUL; got '\x00'."),
    Bad("/delay/%ff", r"'duration' must be UTF-8 text without NUL; got '\udcff'."),
    Bad("/cpu/1%00", r"'duration' must be UTF-8 text without NUL; got '1\x00'."),
    Bad("/fanout?n=%00", r"'n' must be UTF-8 text without NUL; got '\x00'."),
    Bad("/fanout?n=%ff", r"'n' must be UTF-8 text without NUL; got '\udcff'."),
    Bad("/barrier?%ff=1", r"'\udcff' must be UTF-8 text without NUL; got '1'."),
    Bad("/delay/0?_=%ff", r"'_' must be UTF-8 text without NUL; got '\udcff'."),
    Bad("/delay/..", f"duration must be {SECONDS}; got '..'."),
    Bad("/delay/%2e%2e", f"duration must be {SECONDS}; got '..'."),
    Bad("/delay/1#x", f"duration must be {SECONDS}; got '1#x'."),
    Bad("/delay/%", f"duration must be {SECONDS}; got '%'."),
    Bad("/delay/a%252Fb", f"duration must be {SECONDS}; got 'a%2Fb'."),
    Bad(f"/delay/{'1' * 8000}", f"duration must be {SECONDS}; got '{'1' * 80}...'."),
    Bad("/?" + "&".join(f"_{i}=1" for i in range(101)), "The query may hold at most 100 parameters."),
)


class BadAnswer(NamedTuple):
    """A posted answer that is refused with 400 and the sentence `detail`."""

    target: str
    body: bytes
    detail: str


BAD_ANSWERS = (
    BadAnswer("/answer/lunch", b"", f"answer must be {ANSWER}; got ''."),
    BadAnswer("/answer/lunch", b"\xff", rf"answer must be {ANSWER}; got '\udcff'."),
    BadAnswer("/answer/lunch", b"soup\0", rf"answer must be {ANSWER}; got 'soup\x00'."),
    BadAnswer("/answer/lunch", b"\xed\xa0\x80", rf"answer must be {ANSWER}; got '\udced\udca0\udc80'."),
    BadAnswer("/answer/Lunch", b"soup", f"question must be {NAME}; got 'Lunch'."),
    BadAnswer("/answer/", b"soup", f"question must be {NAME}; got ''."),
    BadAnswer("/answer/a%00", b"soup", r"'question' must be UTF-8 text without NUL; got 'a\x00'."),
    BadAnswer(f"/answer/{'a' * 65}", b"soup", f"question must be {NAME}; got '{'a' * 65}'."),
    BadAnswer(
        "/answer/lunch?answer=soup",
        b"soup",
        "/answer/{question} takes only question; got 'answer' with the value 'soup'.",
    ),
    BadAnswer(
        "/answer/lunch?timeout=1s",
        b"soup",
        "/answer/{question} takes only question; got 'timeout' with the value '1s'.",
    ),
)

NOWHERE = (
    *("/nope", "/delay", "/fanout/", "/healthz/", "/index.html", "/favicon.ico/", "/static/x", "/%2e%2e", "/../etc"),
    *("/answer", "/ask", "/ask/a/b", "/ask/a%2Fb", "/answer/a%2Fb", "/metrics/", "/sse/", "/file/x"),
    *("/delay/1/", "/delay/1/2", "/delay/a%2Fb", "/delay/a%2fb", "/delay/%2F", "/delay//1", "/delay/../healthz"),
    *("//delay/1", "//healthz", "//", f"//{HOST}/healthz", "/./healthz", "/d%65lay/1", "/health%7A", "/healthz#x"),
    *("/%C3%A9", "/%ff", "/%00", "/a%0d%0aX-Evil:1", f"http://{HOST}/nope", "/" + "a" * 8000),
)
"""Targets that no endpoint matches."""

Case = TypeVar("Case", Good, Bad)


def by_operation(cases: Iterable[Case]) -> dict[str, list[Case]]:
    """Return the cases by the first segment of their paths: one test of a service sends all of an operation's."""
    found: dict[str, list[Case]] = {}
    for case in cases:
        segment = case.target.removeprefix(f"http://{HOST}").lstrip("/").partition("?")[0].partition("/")[0]
        found.setdefault(segment or "index", []).append(case)
    return found
