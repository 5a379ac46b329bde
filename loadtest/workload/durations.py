"""Parse durations that people type."""

from pydantic import ValidationError

from contract.parameters import Duration, checked
from contract.settings import Settings


def seconds(name: str, text: str, least: str = "0", most: float | None = None) -> float:
    """Return the seconds in `text` by the contract's rules. Raises ValueError with the values that `name` takes.

    The message states the range from `least` to `most` (in seconds, by default the contract's limit). Only the
    contract's own range, from 0, is checked here.
    """
    settings = Settings()
    try:
        return checked(Duration, [("duration", text)], settings.max_duration).duration
    except ValidationError:
        limits = Duration.limits("duration", f"{most or settings.max_duration:g} s").replace("from 0", f"from {least}")
        raise ValueError(f"{name} takes {limits}; got {text!r}.") from None
