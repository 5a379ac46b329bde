"""The settings that both services share, read from a mapping such as the environment."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class Settings(BaseModel):
    """Frozen settings. Each is set by the environment variable of its name in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_duration: Annotated[
        float,
        Field(gt=0, le=60, allow_inf_nan=False, description="The longest wait of one request, in seconds."),
    ] = 10.0
    max_in_flight: Annotated[
        int,
        Field(ge=1, le=1_000_000, description="Requests that may wait in one process before it answers 503."),
    ] = 10_000
    threads: Annotated[
        int,
        Field(
            ge=1,
            le=1024,
            description="Threads of one process: sync_app answers its requests on them, async_app hands its "
            "blocking calls to them.",
        ),
    ] = 32
    web_concurrency: Annotated[int, Field(ge=1, le=256, description="Worker processes of one service.")] = 1

    @classmethod
    def from_mapping(cls, environment: Mapping[str, str]) -> "Settings":
        """The settings that `environment` holds, defaults for the rest; other variables are left alone.

        Raises:
            ValueError: with one sentence that names the variable and what is wrong with it.

        """
        given = {name: environment[name.upper()] for name in cls.model_fields if name.upper() in environment}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            raise ValueError(f"{name.upper()}={given[name]!r} cannot be used: {first['msg']}.") from None
