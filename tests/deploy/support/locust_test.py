"""The schema of a LocustTest.

Its fields are those of Locust's documentation, "Kubernetes Operator", section "LocustTest CRD Configuration":
https://docs.locust.io/en/stable/kubernetes-operator.html. Unknown fields are refused, and so are values of other types.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Strict(BaseModel):
    """A model that refuses what it does not know."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Metadata(Strict):
    """The metadata of the object."""

    name: Annotated[str, Field(pattern=r"^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$")]
    """The start of the names of Services, which are labels of DNS: -master and -webui follow."""


class Variable(Strict):
    """An environment variable; a reference to a ConfigMap is not taken."""

    name: str
    value: str = ""


class Resources(Strict):
    """The resources of a container: quantities by the name of a resource."""

    requests: dict[Literal["cpu", "memory"], str | int] = {}
    limits: dict[Literal["cpu", "memory"], str | int] = {}


class Role(Strict):
    """What the pods of the master, or of the workers, have of their own."""

    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    resources: Resources = Resources()


class Reference(Strict):
    """A ConfigMap with the locustfile."""

    name: str
    key: str = "locustfile.py"


class Locustfile(Strict):
    """The locustfile, if it is not in the image: one of the two."""

    content: str | None = None
    configMap: Reference | None = None  # noqa: N815 # the name of the field

    @model_validator(mode="after")
    def one_of_two(self) -> "Locustfile":
        """Refuse none and both."""
        if (self.content is None) == (self.configMap is None):
            raise ValueError("one of content and configMap")
        return self


class Secret(Strict):
    """A Secret with which an image is pulled."""

    name: str


class Spec(Strict):
    """The fields of `spec`."""

    image: str = "locustio/locust:latest"
    workers: Annotated[int, Field(ge=1)]
    args: str = ""
    env: list[Variable] = []
    locustfile: Locustfile | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    master: Role = Role()
    worker: Role = Role()
    imagePullPolicy: Literal["Always", "IfNotPresent", "Never"] | None = None  # noqa: N815 # the name of the field
    imagePullSecrets: list[Secret] = []  # noqa: N815 # the name of the field


class LocustTest(Strict):
    """The whole object."""

    apiVersion: Literal["locust.io/v1"]  # noqa: N815 # the name of the field
    kind: Literal["LocustTest"]
    metadata: Metadata
    spec: Spec
