"""The settings that both services share, read from a mapping such as the environment."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

if_given = BeforeValidator(lambda text: text or None)
"""None for an empty variable, which is one that is not set."""

Given = Annotated[str | None, if_given]
Address = Annotated[str, Field(pattern=r"^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?$")]


class Settings(BaseModel):
    """Frozen settings. Each is set by the environment variable of its name in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_duration: Annotated[
        float, Field(gt=0, le=60, allow_inf_nan=False, description="The longest wait of one request, in seconds.")
    ] = 10.0
    max_in_flight: Annotated[
        int, Field(ge=1, le=1_000_000, description="Requests that may wait in one process before it answers 503.")
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
    pool_size: Annotated[
        int,
        Field(ge=1, le=1000, description="Connections of one process to the upstream, and as many to the database."),
    ] = 10
    pool_timeout: Annotated[
        float, Field(gt=0, le=60, allow_inf_nan=False, description="Seconds that a request waits for one, before 503.")
    ] = 10.0
    upstream_url: Annotated[Address | None, if_given, Field(description="The HTTP service that /fetch asks.")] = None
    database_url: Annotated[Given, Field(description="The PostgreSQL database of /query, /ask and /answer.")] = None
    file_directory: Annotated[
        Given, Field(description="Where /file writes; without it, the system's directory for temporary files.")
    ] = None

    @classmethod
    def from_mapping(cls, environment: Mapping[str, str]) -> "Settings":
        """The settings that `environment` holds, defaults for the rest; other variables are left alone.

        A ValueError, of one sentence, names the variable that cannot be used and what is wrong with it.
        """
        given = {name: environment[name.upper()] for name in cls.model_fields if name.upper() in environment}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            raise ValueError(f"{name.upper()}={given[name]!r} cannot be used: {first['msg']}.") from None
