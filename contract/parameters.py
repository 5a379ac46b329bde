"""The parameters of each operation, parsed from text. Invalid text is refused, and the refusal states the limits."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, ClassVar, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from .problems import bad_request
from .targets import is_text

DURATION = r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)(us|ms|s|m)?"
UNITS = {None: 1, "us": 1_000_000, "ms": 1_000, "s": 1, "m": 1 / 60}
"""The number of each unit in one second. Dividing by it makes 9ms exactly 0.009; multiplying by 1e-3 would not."""

LONGEST_TEXT = 4096
LARGEST_FILE = 16 * 2**20
MOST_BYTES = 2**20

SIZE = r"([0-9]{1,9})(B|KiB|MiB)?"
SIZES = {None: 1, "B": 1, "KiB": 2**10, "MiB": 2**20}

_match_duration = re.compile(DURATION).fullmatch
_match_size = re.compile(SIZE).fullmatch
_match_whole = re.compile(r"[0-9]{1,9}").fullmatch


def longest(info: ValidationInfo) -> float:
    """Return the longest allowed duration, in seconds, from the context of a validation."""
    max_duration = info.context
    assert isinstance(max_duration, float)
    return max_duration


def seconds(text: str, info: ValidationInfo) -> float:
    """Parse `250ms` as 0.25. Raises ValueError unless `text` is a duration from 0 to the longest allowed one."""
    match = _match_duration(text)
    if match is None:
        raise ValueError("not a duration")
    value = float(match[1]) / UNITS[match[2]]
    if value > longest(info):
        raise ValueError("too long")
    return value


def whole(text: str) -> int:
    """Parse `5` as 5. Raises ValueError unless `text` is 1 to 9 ASCII digits."""
    if _match_whole(text) is None:
        raise ValueError("not a whole number")
    return int(text)


def size(text: str) -> int:
    """Parse `64KiB` as 65536. Raises ValueError unless `text` is a number of bytes or a number with a unit."""
    match = _match_size(text)
    if match is None:
        raise ValueError("not a size")
    return int(match[1]) * SIZES[match[2]]


def text(sent: str) -> str:
    """Return `sent` unchanged.

    Raises ValueError if the bytes that it was decoded from (with surrogate escapes) were not UTF-8 or contain NUL.
    """
    if not is_text(sent):
        raise ValueError("not text")
    return sent


Seconds = Annotated[
    float,
    Field(description="seconds (0.25) or a number with a unit (250ms, 1.5s), from 0 to {max_duration}"),
    BeforeValidator(seconds),
    WithJsonSchema({"type": "string", "pattern": f"^(?:{DURATION})$"}),
]
Positive = Annotated[
    float,
    Field(
        description="seconds (0.25) or a number with a unit (250ms, 1.5s), more than 0 and at most {max_duration}", gt=0
    ),
    BeforeValidator(seconds),
    WithJsonSchema({"type": "string", "pattern": f"^(?:{DURATION})$"}),
]
Count = Annotated[int, Field(description="a whole number from 1 to 100", ge=1, le=100), BeforeValidator(whole)]
Bytes = Annotated[
    int, Field(description=f"a whole number from 1 to {MOST_BYTES}", ge=1, le=MOST_BYTES), BeforeValidator(whole)
]
Status = Annotated[int, Field(description="a whole number from 200 to 599", ge=200, le=599), BeforeValidator(whole)]
Size = Annotated[
    int,
    Field(description="bytes (1000) or a number with a unit (64KiB, 1MiB), from 0 to 16MiB", le=LARGEST_FILE),
    BeforeValidator(size),
    WithJsonSchema({"type": "string", "pattern": f"^(?:{SIZE})$"}),
]
Name = Annotated[str, Field(description="1 to 64 characters from a-z, 0-9 and -", pattern=r"^[a-z0-9-]{1,64}$")]
Text = Annotated[
    str,
    Field(description=f"UTF-8 text without NUL, of 1 to {LONGEST_TEXT} bytes", min_length=1, max_length=LONGEST_TEXT),
    BeforeValidator(text),
]
Mode = Annotated[
    Literal["idiomatic", "sequential", "concurrent"], Field(description="idiomatic, sequential or concurrent")
]


Checked = TypeVar("Checked", bound="Parameters")


class Parameters(BaseModel):
    """The checked values of one request."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_headers: ClassVar[tuple[str, ...]] = ()
    """The fields that are read from the request header of the same name, not from the target."""

    from_body: ClassVar[str | None] = None
    """The field that is read from the request body."""

    @classmethod
    def from_elsewhere(cls) -> tuple[str, ...]:
        """Return the fields that are not read from the request target."""
        return cls.from_headers if cls.from_body is None else (*cls.from_headers, cls.from_body)

    @classmethod
    def limits(cls, name: str, max_duration: str) -> str:
        """Return the limits of the parameter `name`, as the end of the sentence "`name` must be ..."."""
        return (cls.model_fields[name].description or "").format(max_duration=max_duration)


def checked(takes: type[Checked], texts: Iterable[tuple[str, str]], max_duration: float) -> Checked:
    """Return the checked values of `texts`, which are pairs of name and text.

    Raises ValidationError if one is invalid, Problem if together they exceed the longest allowed wait.
    """
    return takes.model_validate(dict(texts), context=max_duration)


checked_again = lru_cache(maxsize=256)(checked)
"""`checked` with a cache, because load generators send the same few values repeatedly. Requests may share a result,
because it is frozen and depends only on the arguments of `checked`. Refusals are not cached."""


class Nothing(Parameters):
    """The empty parameters of an operation that takes none."""


class Preferences(Parameters):
    """The two request headers that the index reads: its curl commands show `host`, its format depends on `accept`."""

    from_headers = ("host", "accept")

    host: str
    accept: str


class Duration(Parameters):
    """One wait, or one computation, of `duration` seconds."""

    duration: Seconds


class Fanout(Parameters):
    """`n` waits of `delay` seconds each.

    `mode`: sequential, concurrent, or idiomatic (as a plain handler: sequential in a blocking service, concurrent in a
    non-blocking one).
    """

    n: Count = 5
    delay: Seconds = 1.0
    mode: Mode = "idiomatic"

    @model_validator(mode="after")
    def fits(self, info: ValidationInfo) -> Self:
        """Refuse the request, in any mode, if its waits in sequence would exceed the longest allowed wait."""
        if self.n * self.delay > longest(info):
            raise bad_request(
                f"n times delay must be at most {longest(info):g} s; got {self.n} times {self.delay:g} s."
            )
        return self


Patient = TypeVar("Patient", "Meeting", "Question")


def keep_timeout(asked: Patient, info: ValidationInfo) -> Patient:
    """Cut the timeout to the longest allowed wait: pydantic does not check a default, which may exceed it."""
    return asked if asked.timeout <= longest(info) else asked.model_copy(update={"timeout": longest(info)})


class Meeting(Parameters):
    """Up to `timeout` seconds in which `n` requests wait for each other (`/barrier`)."""

    n: Count = 3
    timeout: Seconds = 5.0

    fits = model_validator(mode="after")(keep_timeout)


class Calls(Fanout):
    """`n` calls to the upstream or the database, each of which takes `delay` seconds there, in sequence or at once."""

    n: Count = 1
    delay: Seconds = 0.1


class File(Parameters):
    """A file of `size` bytes."""

    size: Size = 2**20


class Question(Parameters):
    """A question that a person may answer within `timeout` seconds."""

    question: Name
    timeout: Seconds = 10.0

    fits = model_validator(mode="after")(keep_timeout)


class Answer(Parameters):
    """The answer to a question."""

    from_body = "answer"

    question: Name
    answer: Text


class Paced(Parameters):
    """A wait of `delay` seconds, then the pieces of a streamed body, spread over `duration` seconds."""

    duration: Seconds
    delay: Seconds = 0.0

    @model_validator(mode="after")
    def fits(self, info: ValidationInfo) -> Self:
        """Refuse a stream that would exceed the longest allowed wait."""
        if self.duration + self.delay > longest(info):
            raise bad_request(
                f"duration plus delay must be at most {longest(info):g} s; "
                f"got {self.duration:g} s plus {self.delay:g} s."
            )
        return self

    def pause(self, pieces: int) -> float:
        """Return the seconds between two pieces. The last piece has no pause after it."""
        return self.duration / max(1, pieces - 1)


class Drip(Paced):
    """`numbytes` bytes with the status `code`.

    Modelled on go-httpbin's `/drip`; there the default delay is 2 s, here 0. `code` excludes statuses below 200, which
    are not final.
    """

    duration: Seconds = 2.0
    numbytes: Bytes = 10
    delay: Seconds = 0.0
    code: Status = 200


class Events(Paced):
    """`count` server-sent events. Source: go-httpbin's `/sse`."""

    count: Count = 10
    duration: Positive = 5.0
    delay: Seconds = 0.0
