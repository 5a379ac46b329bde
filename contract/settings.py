"""The settings that all services share, read from a mapping such as the environment."""

import re
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv6Address
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

if_given = BeforeValidator(lambda text: text or None)
"""Turns the text of an empty variable into None, as if the variable were not set."""

ADDRESS = re.compile(r"https?://(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?/?")


def address(text: str) -> str:
    """Return the URL of an HTTP service if a client can use it: http or https, a host, and maybe a port.

    Raises ValueError, with the end of a sentence that begins "… is invalid:".
    """
    if "@" in text:
        raise ValueError("a user name or a password cannot be used")
    found = ADDRESS.fullmatch(text)
    if not found or not _is_host(found["ipv6"], found["name"]) or not 1 <= int(found["port"] or 80) <= 65535:
        raise ValueError("it must be http://HOST or http://HOST:PORT, with a port from 1 to 65535")
    return text


def _is_host(ipv6: str | None, name: str) -> bool:
    if ipv6 is None:
        return all(1 <= len(label) <= 63 for label in name.split("."))
    try:
        IPv6Address(ipv6)
    except AddressValueError:
        return False
    return True


Given = Annotated[str | None, if_given]
Address = Annotated[str, AfterValidator(address)]


class Settings(BaseModel):
    """The settings of a service, immutable. The environment variable of the same name in capitals sets each one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_duration: Annotated[
        float, Field(gt=0, le=60, allow_inf_nan=False, description="The longest wait of a request, in seconds.")
    ] = 10.0
    max_in_flight: Annotated[
        int, Field(ge=1, le=1_000_000, description="Requests that may wait in one process; further requests get 503.")
    ] = 10_000
    threads: Annotated[
        int,
        Field(
            ge=1,
            le=1024,
            description="Threads of one process: sync_app serves requests on them, async_app runs its blocking calls "
            "on them.",
        ),
    ] = 32
    web_concurrency: Annotated[int, Field(ge=1, le=256, description="Worker processes of one service.")] = 1
    pool_size: Annotated[
        int,
        Field(ge=1, le=1000, description="Connections of one process to the upstream, and again to the database."),
    ] = 10
    pool_timeout: Annotated[
        float, Field(gt=0, le=60, allow_inf_nan=False, description="Seconds to wait for a connection before a 503.")
    ] = 10.0
    upstream_url: Annotated[Address | None, if_given, Field(description="The HTTP service behind /fetch.")] = None
    database_url: Annotated[
        Given, Field(repr=False, description="The PostgreSQL database of /query, /ask and /answer.")
    ] = None
    file_directory: Annotated[
        Given, Field(description="The directory for /file; by default, the system's directory for temporary files.")
    ] = None

    @classmethod
    def from_mapping(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings from `environment`, with defaults for the rest. Other variables are ignored.

        Raises ValueError, with one sentence that names the first invalid variable and the reason.
        """
        given = {name: environment[name.upper()] for name in cls.model_fields if name.upper() in environment}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            value = given[name]
            shown = "" if "@" in value else f"={value!r}"  # what is before an @ may be a password
            reason = first.get("ctx", {}).get("error", first["msg"])
            raise ValueError(f"{name.upper()}{shown} is invalid: {reason}.") from None
