"""Durations that people type."""

from pydantic import ValidationError

from contract.parameters import Duration
from contract.settings import Settings


def seconds(name: str, text: str) -> float:
    """The seconds that `text` stands for, by the contract's rules.

    Raises:
        ValueError: with one sentence that says what `name` takes.

    """
    settings = Settings()
    try:
        return Duration.model_validate({"duration": text}, context=settings).duration
    except ValidationError:
        limits = Duration.limits("duration", f"{settings.max_duration:g} s")
        raise ValueError(f"{name} takes {limits}; got {text!r}.") from None
