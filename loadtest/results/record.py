"""The base of everything that is saved."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A part of a file. Unknown fields are refused, so an older reader never misreads a newer file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
