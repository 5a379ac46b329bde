"""Values to response bodies: one function for each operation that answers JSON about its wait."""

from .parameters import Duration, Fanout, Meeting, Nothing
from .problems import timed_out
from .replies import Reply, as_json


def duration(asked: Duration, _answer: None) -> Reply:
    """`{"duration": 0.25}`, in seconds."""
    return Reply(as_json({"duration": asked.duration}))


def fanout(asked: Fanout, _answer: None) -> Reply:
    """`{"n": 5, "delay": 1.0, "mode": "idiomatic"}`."""
    return Reply(as_json({"n": asked.n, "delay": asked.delay, "mode": asked.mode}))


def meeting(asked: Meeting, met: bool) -> Reply:
    """`{"n": 3}` where `n` requests met, else 504."""
    if met:
        return Reply(as_json({"n": asked.n}))
    waited = f"{asked.n} requests did not meet in this process within {asked.timeout:g} s."
    return timed_out(waited).reply()


def health(_asked: Nothing, _answer: None) -> Reply:
    """`{"status": "ok"}`."""
    return Reply(as_json({"status": "ok"}))
