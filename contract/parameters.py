"""The parameters of each operation: text in, checked values out, or a refusal that says what is allowed."""

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema, model_validator

from .problems import bad_request
from .settings import Settings

DURATION = r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)(us|ms|s|m)?"
UNITS = {None: 1, "us": 1_000_000, "ms": 1_000, "s": 1, "m": 1 / 60}
"""How many of each are in a second. Divided by, 9ms is 0.009; multiplied by 1e-3, it would not quite be."""

_match_duration = re.compile(DURATION).fullmatch
_match_whole = re.compile(r"[0-9]{1,9}").fullmatch


def longest(info: ValidationInfo) -> float:
    """The longest duration, in seconds, of the settings that a model is checked with."""
    settings = info.context
    assert isinstance(settings, Settings)
    return settings.max_duration


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


Seconds = Annotated[
    float,
    Field(description="seconds (0.25) or a number with a unit (250ms, 1.5s), from 0 to {max_duration}"),
    BeforeValidator(seconds),
    WithJsonSchema({"type": "string", "pattern": f"^(?:{DURATION})$"}),
]
Count = Annotated[
    int,
    Field(description="a whole number from 1 to 100", ge=1, le=100),
    BeforeValidator(whole),
]
Mode = Annotated[
    Literal["idiomatic", "sequential", "concurrent"],
    Field(description="idiomatic, sequential or concurrent"),
]


class Parameters(BaseModel):
    """The checked values of one request."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_headers: ClassVar[tuple[str, ...]] = ()
    """The fields that are read from the request header of their name, and not from its target."""

    @classmethod
    def limits(cls, name: str, max_duration: str) -> str:
        """What the parameter `name` may be, as the end of the sentence "`name` must be ..."."""
        return (cls.model_fields[name].description or "").format(max_duration=max_duration)


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


class Meeting(Parameters):
    """A meeting of `n` requests within `timeout` seconds."""

    n: Count = 3
    timeout: Seconds = 5.0
