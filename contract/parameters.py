"""The parameters of each operation: text in, checked values out, or a refusal that says what is allowed."""

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
"""How many of each are in a second. Divided by, 9ms is 0.009; multiplied by 1e-3, it would not quite be."""

LONGEST_TEXT = 4096
LARGEST_FILE = 16 * 2**20
MOST_BYTES = 2**20

SIZE = r"([0-9]{1,9})(B|KiB|MiB)?"
SIZES = {None: 1, "B": 1, "KiB": 2**10, "MiB": 2**20}

_match_duration = re.compile(DURATION).fullmatch
_match_size = re.compile(SIZE).fullmatch
_match_whole = re.compile(r"[0-9]{1,9}").fullmatch


def longest(info: ValidationInfo) -> float:
    """The longest duration, in seconds, that a model is checked with."""
    max_duration = info.context
    assert isinstance(max_duration, float)
    return max_duration


def seconds(text: str, info: ValidationInfo) -> float:
    """`250ms` as 0.25; ValueError unless it is from 0 to the longest duration that the settings allow."""
    match = _match_duration(text)
    if match is None:
        raise ValueError("not a duration")
    value = float(match[1]) / UNITS[match[2]]
    if value > longest(info):
        raise ValueError("too long")
    return value


def whole(text: str) -> int:
    """`5` as 5; ValueError for anything but ASCII digits."""
    if _match_whole(text) is None:
        raise ValueError("not a whole number")
    return int(text)


def size(text: str) -> int:
    """`64KiB` as 65536; ValueError unless it is a number of bytes, or one with a unit."""
    match = _match_size(text)
    if match is None:
        raise ValueError("not a size")
    return int(match[1]) * SIZES[match[2]]


def text(sent: str) -> str:
    """`sent`, decoded with surrogate escapes; ValueError unless it was UTF-8 without NUL."""
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
Name = Annotated[str, Field(description="1 to 64 of the characters a-z, 0-9 and -", pattern=r"^[a-z0-9-]{1,64}$")]
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
    """The fields that are read from the request header of their name, and not from its target."""

    from_body: ClassVar[str | None] = None
    """The field that is read from the request's body."""

    @classmethod
    def from_elsewhere(cls) -> tuple[str, ...]:
        """The fields that are not read from the request's target."""
        return cls.from_headers if cls.from_body is None else (*cls.from_headers, cls.from_body)

    @classmethod
    def limits(cls, name: str, max_duration: str) -> str:
        """What the parameter `name` may be, as the end of the sentence "`name` must be ..."."""
        return (cls.model_fields[name].description or "").format(max_duration=max_duration)


def checked(takes: type[Checked], texts: Iterable[tuple[str, str]], max_duration: float) -> Checked:
    """Return the values of `texts`, each with its name; a ValidationError or Problem where one cannot be used."""
    return takes.model_validate(dict(texts), context=max_duration)


checked_again = lru_cache(maxsize=256)(checked)
"""`checked`, remembered. Clients that measure ask for the same few values again and again, and requests may share them:
they are frozen, and follow from these arguments alone. A refusal is not remembered."""


class Nothing(Parameters):
    """An operation without parameters."""


class Preferences(Parameters):
    """What the index makes of two request headers."""

    from_headers = ("host", "accept")

    host: str
    accept: str


class Duration(Parameters):
    """One wait of `duration` seconds."""

    duration: Seconds


class Fanout(Parameters):
    """`n` waits of `delay` seconds each, one after the other or at once."""

    n: Count = 5
    delay: Seconds = 1.0
    mode: Mode = "idiomatic"

    @model_validator(mode="after")
    def fits(self, info: ValidationInfo) -> Self:
        """Refuse what would take longer than one wait may, were the waits done one after the other."""
        if self.n * self.delay > longest(info):
            raise bad_request(
                f"n times delay must be at most {longest(info):g} s; got {self.n} times {self.delay:g} s."
            )
        return self


Patient = TypeVar("Patient", "Meeting", "Question")


def keep_timeout(asked: Patient, info: ValidationInfo) -> Patient:
    """`asked`, its default timeout, which nobody has checked, kept to what one wait may take."""
    return asked if asked.timeout <= longest(info) else asked.model_copy(update={"timeout": longest(info)})


class Meeting(Parameters):
    """A meeting of `n` requests within `timeout` seconds."""

    n: Count = 3
    timeout: Seconds = 5.0

    fits = model_validator(mode="after")(keep_timeout)


class Calls(Fanout):
    """`n` calls of something else, each of which takes it `delay` seconds, one after the other or at once."""

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
    """A wait of `delay` seconds, then pieces spread over `duration` seconds."""

    duration: Seconds
    delay: Seconds = 0.0

    @model_validator(mode="after")
    def fits(self, info: ValidationInfo) -> Self:
        """Refuse what would take longer than one wait may."""
        if self.duration + self.delay > longest(info):
            raise bad_request(
                f"duration and delay must together be at most {longest(info):g} s; "
                f"got {self.duration:g} s and {self.delay:g} s."
            )
        return self

    def pause(self, pieces: int) -> float:
        """Seconds from one piece to the next: there is none after the last."""
        return self.duration / max(1, pieces - 1)


class Drip(Paced):
    """`numbytes` bytes with the status `code`.

    Source: go-httpbin's `/drip`, which by default begins after 2 s; a final status is 200 at the least.
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
