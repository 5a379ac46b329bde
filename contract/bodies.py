"""Values to response bodies: one function for each operation that answers about its wait."""

from typing import Protocol

from .parameters import Answer, Calls, Drip, Duration, Events, Fanout, File, Meeting, Nothing, Question
from .problems import timed_out
from .replies import EVENTS, METRICS, NO_HEADERS, TEXT, Chunks, Reply, as_json

BODILESS = (204, 205, 304)
"""Statuses whose responses have no body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5)."""


class Handover(Protocol):
    """An answer on its way to whoever asked: gone once the body that carries it is written, kept if that fails."""

    text: str

    def carried_by(self, body: bytes) -> Chunks:
        """`body`, as a body that comes in one piece."""


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


def fetched(asked: Calls, durations: list[float]) -> Reply:
    """`{"n": 1, "delay": 0.1, "mode": "idiomatic", "durations": [0.1]}`: what the upstream says that it waited."""
    return Reply(as_json({"n": asked.n, "delay": asked.delay, "mode": asked.mode, "durations": durations}))


def queried(asked: Calls, rows: list[int]) -> Reply:
    """`{"n": 1, "delay": 0.1, "mode": "idiomatic", "rows": [0]}`: what the database returned, row by row."""
    return Reply(as_json({"n": asked.n, "delay": asked.delay, "mode": asked.mode, "rows": rows}))


def file(asked: File, sha256: str) -> Reply:
    """`{"size": 1048576, "sha256": "..."}`, of the bytes that were read back."""
    return Reply(as_json({"size": asked.size, "sha256": sha256}))


def asked_for(asked: Question, answer: Handover | None) -> Reply:
    """`{"question": "lunch", "answer": "soup"}`, else 504; the answer is kept unless the body is written."""
    if answer is None:
        return timed_out(f"Nobody answered {asked.question} within {asked.timeout:g} s.").reply()
    body = as_json({"question": asked.question, "answer": answer.text})
    return Reply(answer.carried_by(body), headers={"Content-Length": str(len(body))})


def answered(asked: Answer, _answer: None) -> Reply:
    """`{"question": "lunch"}` with 202: the answer is kept until somebody asks."""
    return Reply(as_json({"question": asked.question}), 202)


def drip(asked: Drip, chunks: Chunks) -> Reply:
    """As many `*` as were asked for, one at a time."""
    if asked.code in BODILESS:
        return Reply(b"", asked.code, TEXT, {"Content-Length": "0"} if asked.code == 205 else NO_HEADERS)
    return Reply(chunks, asked.code, TEXT, {"Content-Length": str(asked.numbytes)})


def events(_asked: Events, chunks: Chunks) -> Reply:
    """Server-sent events, one at a time."""
    return Reply(chunks, content_type=EVENTS, headers={"Cache-Control": "no-store"})


def event(number: int, now: float) -> bytes:
    """One server-sent event, the `number`-th, sent at `now` (Unix time, in seconds; written in milliseconds)."""
    return b"event: ping\ndata: " + as_json({"id": number, "timestamp": int(now * 1000)}) + b"\n"


def metrics(_asked: Nothing, exposition: bytes) -> Reply:
    """What has been counted, as Prometheus reads it."""
    return Reply(exposition, content_type=METRICS)


def health(_asked: Nothing, _answer: None) -> Reply:
    """`{"status": "ok"}`."""
    return Reply(as_json({"status": "ok"}))
