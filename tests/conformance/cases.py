"""The tables: what is asked, and what is promised."""

from typing import NamedTuple

from contract.index import reply
from contract.openapi import reply as openapi
from contract.operations import OPERATIONS
from contract.parameters import Preferences
from tests.conformance.wire import HOST

SECONDS = "seconds (0.25) or a number with a unit (250ms, 1.5s), from 0 to 10 s"
COUNT = "a whole number from 1 to 100"
MODE = "idiomatic, sequential or concurrent"


class Good(NamedTuple):
    """A request that is answered with 200, after a wait of at least so many seconds; None: it waits for nothing."""

    target: str
    body: bytes
    waits: float | None = None


GOOD = (
    Good("/", reply(OPERATIONS, Preferences(host=HOST, accept="")).body),
    Good("/?", reply(OPERATIONS, Preferences(host=HOST, accept="")).body),
    Good("/healthz", b'{"status":"ok"}\n'),
    Good("/healthz?_=1", b'{"status":"ok"}\n'),
    Good("/openapi.json", openapi(OPERATIONS).body),
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
    Good("/cpu/20ms", b'{"duration":0.02}\n', 0.02),
    Good("/blocking/20ms", b'{"duration":0.02}\n', 0.02),
    Good("/offload/20ms", b'{"duration":0.02}\n', 0.02),
)


class Bad(NamedTuple):
    """A request that is refused with 400 and this sentence."""

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
    return [
        Bad(place.format(text), f"{name} must be {SECONDS}; got {shown}.")
        for place, name in places.items()
        for text, shown in sent.items()
    ]


BAD = (
    *_bad_durations(),
    *(
        Bad(f"/{path}?n={text}", f"n must be {COUNT}; got '{text}'.")
        for path in ("fanout", "barrier")
        for text in ("0", "-1", "1.5", "101", "abc", "")
    ),
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
    Bad("/delay/1?duration=2", "'duration' may be given once only; got '2' as well."),
    Bad("/fanout?n=1&n=2", "'n' may be given once only; got '2' as well."),
    Bad("/barrier?timeout=1s&timeout=1s", "'timeout' may be given once only; got '1s' as well."),
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

NOWHERE = (
    *("/nope", "/delay", "/fanout/", "/healthz/", "/index.html", "/favicon.ico", "/static/x", "/%2e%2e", "/../etc"),
    *("/delay/1/", "/delay/1/2", "/delay/a%2Fb", "/delay/a%2fb", "/delay/%2F", "/delay//1", "/delay/../healthz"),
    *("//delay/1", "//healthz", "//", f"//{HOST}/healthz", "/./healthz", "/d%65lay/1", "/health%7A", "/healthz#x"),
    *("/%C3%A9", "/%ff", "/%00", "/a%0d%0aX-Evil:1", f"http://{HOST}/nope", "/" + "a" * 8000),
)
"""Targets that nothing is served at."""
