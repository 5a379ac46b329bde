"""Durations that people type."""

from pydantic import ValidationError

from contract.parameters import Duration, checked
from contract.settings import Settings


def seconds(name: str, text: str) -> float:
    """The seconds that `text` stands for, by the contract's rules; a ValueError says what `name` takes."""
    settings = Settings()
    try:
        return checked(Duration, [("duration", text)], settings.max_duration).duration
    except ValidationError:
        limits = Duration.limits("duration", f"{settings.max_duration:g} s")
        raise ValueError(f"{name} takes {limits}; got {text!r}.") from None
