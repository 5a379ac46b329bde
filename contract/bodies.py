"""The functions that build the response of each operation, except index, openapi and favicon."""

from typing import Generic, Literal, NamedTuple, Protocol, TypeVar

from .parameters import Answer, Calls, Drip, Duration, Events, Fanout, File, Meeting, Nothing, Question
from .problems import timed_out
from .replies import EVENTS, METRICS, NO_HEADERS, TEXT, Chunks, Reply, as_json

BODILESS = (204, 205, 304)
"""Statuses whose responses have no body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5)."""


STREAMED = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
"""The headers that keep a proxy from holding back the pieces of a stream: it must neither store nor change them, as a
compression would (RFC 9111, section 5.2.2), and nginx must not collect them in a buffer."""


T = TypeVar("T")


class Made(NamedTuple, Generic[T]):
    """The results of n waits, in order, and how the waits were made: one after the other, or all at once."""

    how: Literal["sequential", "concurrent"]
    results: list[T]


class Handover(Protocol):
    """An answer on its way to a waiting client: deleted once its response body is written, kept if that fails."""

    text: str

    def carried_by(self, body: bytes) -> Chunks:
        """Return `body` as a stream of one piece."""


def duration(asked: Duration, _answer: None) -> Reply:
    """Return `{"duration": 0.25}`, in seconds."""
    return Reply(as_json({"duration": asked.duration}))


def fanout(asked: Fanout, made: Made[None]) -> Reply:
    """Return `{"n": 5, "delay": 1.0, "mode": "idiomatic"}`, with the delay in seconds."""
    return Reply(as_json({"n": asked.n, "delay": asked.delay, "mode": asked.mode}), headers=waits(asked, made))


def waits(asked: Fanout, made: Made[T]) -> dict[str, str]:
    """Return the header `Waits: sequential; n=5`: the body cannot tell how an idiomatic handler waits."""
    return {"Waits": f"{made.how}; n={asked.n}"}


def meeting(asked: Meeting, met: bool) -> Reply:
    """Return `{"n": 3}` if `n` requests met, else a 504."""
    if met:
        return Reply(as_json({"n": asked.n}))
    waited = f"{asked.n} requests did not meet in this process within {asked.timeout:g} s."
    return timed_out(waited).reply()


def fetched(asked: Calls, made: Made[float]) -> Reply:
    """Return `{"n": 1, "delay": 0.1, "mode": "idiomatic", "durations": [0.1]}`: the upstream's waits in seconds."""
    found = {"n": asked.n, "delay": asked.delay, "mode": asked.mode, "durations": made.results}
    return Reply(as_json(found), headers=waits(asked, made))


def queried(asked: Calls, made: Made[int]) -> Reply:
    """Return `{"n": 1, "delay": 0.1, "mode": "idiomatic", "rows": [0]}`: the rows from the database, in order."""
    found = {"n": asked.n, "delay": asked.delay, "mode": asked.mode, "rows": made.results}
    return Reply(as_json(found), headers=waits(asked, made))


def file(asked: File, sha256: str) -> Reply:
    """Return `{"size": 1048576, "sha256": "..."}`, the SHA-256 of the bytes that were read back."""
    return Reply(as_json({"size": asked.size, "sha256": sha256}))


def asked_for(asked: Question, answer: Handover | None) -> Reply:
    """Return `{"question": "lunch", "answer": "soup"}`, else a 504. An answer is kept if its body is not written."""
    if answer is None:
        return timed_out(f"No answer to {asked.question!r} came within {asked.timeout:g} s.").reply()
    body = as_json({"question": asked.question, "answer": answer.text})
    return Reply(answer.carried_by(body), headers={"Content-Length": str(len(body))})


def answered(asked: Answer, _answer: None) -> Reply:
    """Return `{"question": "lunch"}` with 202: the answer is kept for a client that asks for it within KEPT_FOR."""
    return Reply(as_json({"question": asked.question}), 202)


def drip(asked: Drip, chunks: Chunks) -> Reply:
    """Return the stream of `numbytes` bytes, all `*`, or no body if the status `code` forbids one."""
    if asked.code in BODILESS:
        return Reply(b"", asked.code, TEXT, {"Content-Length": "0"} if asked.code == 205 else NO_HEADERS)
    return Reply(chunks, asked.code, TEXT, {**STREAMED, "Content-Length": str(asked.numbytes)})


def events(_asked: Events, chunks: Chunks) -> Reply:
    """Return the stream of server-sent events."""
    return Reply(chunks, content_type=EVENTS, headers=STREAMED)


def event(number: int, now: float) -> bytes:
    """Encode server-sent event `number`, sent at `now` (Unix time in seconds, written in milliseconds)."""
    return b"event: ping\ndata: " + as_json({"id": number, "timestamp": int(now * 1000)}) + b"\n"


def metrics(_asked: Nothing, exposition: bytes) -> Reply:
    """Return the metrics in Prometheus' text format."""
    return Reply(exposition, content_type=METRICS)


def health(_asked: Nothing, _service: str) -> Reply:
    """Return `{"status": "ok"}`."""
    return Reply(as_json({"status": "ok"}))
