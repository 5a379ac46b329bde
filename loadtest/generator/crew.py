"""The load generators of a run: one process, several on this machine, or several on other machines."""

import platform
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.metadata import version as version_of
from pathlib import Path
from secrets import token_urlsafe

import loadtest
from loadtest.contenders.cores import Cores
from loadtest.processes.room import LOOPBACK

MOST = 64
"""The most load generators of a run."""

PORT = 5557
"""The port to which load generators of other machines come, as by Locust's default."""

TOKEN = "GENERATOR_TOKEN"  # noqa: S105 - the name of a variable
"""The environment variable that holds the secret that a run shares with its load generators."""

OVER, UNWANTED, GONE = 0, 3, 4
"""The exit statuses of a load generator's process: the run is over; it was not let in; the master is gone."""


@dataclass(frozen=True)
class Crew:
    """The load generators of a run: `local` ones on this machine, and `remote` ones that come from other machines.

    The remote ones come to `port` of `address`, with the secret.
    """

    local: int = 1
    remote: int = 0
    address: str = LOOPBACK
    port: int = 0
    """0: any free one."""
    secret: str = field(default_factory=token_urlsafe, repr=False)

    @property
    def number(self) -> int:
        """The number of load generators."""
        return self.local + self.remote

    def working(self, cores: Cores) -> int:
        """Return the number of load generators that have a core to work on."""
        return self.remote or min(self.local, max(1, len(cores.others)))

    @property
    def alone(self) -> bool:
        """True if the load generator is one process of this machine, which needs no master."""
        return (self.local, self.remote) == (1, 0)


ALONE = Crew()


@dataclass(frozen=True)
class Member:
    """A load generator, as it introduces itself."""

    name: str
    host: str
    cores: float
    """The cores that it may use; a CPU quota may allow a part of one."""
    version: str
    clock: float
    """Unix time by its own clock."""
    local: bool
    """True if it was started by the run itself, on this machine."""


@cache
def version() -> str:
    """Return the version of what a load generator is made of: two that differ may measure differently."""
    folder = Path(loadtest.__file__).parent
    digest = sha256()
    for file in sorted(path for room in (folder, folder.parent / "contract") for path in room.rglob("*.py")):
        digest.update(file.read_bytes())
    packages = " ".join(f"{name} {version_of(name)}" for name in ("locust", "gevent", "geventhttpclient"))
    return f"{version_of('sync-vs-async')}-{digest.hexdigest()[:8]} (Python {platform.python_version()}, {packages})"
