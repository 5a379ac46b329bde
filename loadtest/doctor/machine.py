"""Findings about the machine: system, Python, cores, memory, open files and disk, each from facts that are given."""

import re
import shlex
from collections.abc import Mapping

from loadtest.english import count
from serving.limits import ENOUGH

from .finding import Finding, fine, mend, note

GIB = 2**30

OLDEST = (3, 11)
"""The oldest version of Python that the project supports."""

MEMORY = 1 * GIB
"""Bytes of free memory: a race of three services takes 0.6 GiB on two cores, and more on more cores."""

DISK = 1 * GIB
"""Bytes of free disk space for the database's data, the files of `/file` and the results, with room to spare."""

FEWEST_FILES = 1024
"""The limit of open files that is enough for the default loads, up to 200 users."""

FILES_PER_USER = 4
"""Open files of a process for each user: a connection, and as many more as pools, threads and refusals may need."""


def system(name: str, release: str, folder: str) -> Finding:
    """Return whether the project runs on this system. `folder`: the working folder.

    On Windows it needs WSL 2, and a folder of Linux.
    """
    if name not in {"Linux", "Darwin"}:
        return mend(f"{name} is not supported: use WSL 2 on Windows (`wsl --install`), or `docker compose up --build`.")
    if release.endswith("-Microsoft"):
        return mend("WSL 1 is not supported: run `wsl --set-version NAME 2`; `wsl --list` shows the name.")
    if "microsoft-standard" in release and re.match(r"/mnt/[a-z](/|$)", folder):
        return mend(f"{folder} is a folder of Windows, which is slow in WSL 2: `cd ~` and clone the project there.")
    return fine(f"macOS (Darwin {release})" if name == "Darwin" else f"{name} {release}")


def python(version: tuple[int, int, int]) -> Finding:
    """Return whether the project supports this version of Python."""
    known = ".".join(map(str, version))
    if version[:2] < OLDEST:
        return mend(f"Python {known} is too old: run `make clean install PYTHON=python3.13` (or 3.11, 3.12, 3.14).")
    return fine(known)


def cores(allowed: float, present: int, *, bindable: bool) -> Finding:
    """Return whether the service and the load generator can have cores of their own.

    `allowed`: the cores that affinity and a CPU quota leave. `bindable`: the system can bind processes to cores.
    """
    fact = count(present, "core") if allowed >= present else f"{allowed:.3g} of {count(present, 'core')} may be used"
    if allowed < 2:
        return mend(
            f"{fact}, and the service and the load generator need one each: give the virtual machine or the container "
            "two, as with `docker run --cpus 2`."
        )
    if not bindable:
        return note(
            f"{fact}. The service and the load generator share them: this system cannot bind processes to cores."
        )
    return fine(fact)


def memory(free: int, present: int) -> Finding:
    """Return whether so many bytes of free memory are enough for a race."""
    fact = f"{free / GIB:.1f} of {present / GIB:.1f} GiB are free"
    if free < MEMORY:
        return mend(
            f"{fact}, and a race needs 1 GiB: close programs; `ps aux | sort -rnk 4 | head -5` shows the largest."
        )
    return fine(fact)


def open_files(limit: int, *, mac: bool) -> Finding:
    """Return whether a process may open enough files and sockets. `limit`: as many as commands can raise it to."""
    command = f"ulimit -n {ENOUGH}" if mac else f"sudo prlimit --pid $$ --nofile={ENOUGH}"
    if limit < FEWEST_FILES:
        return mend(f"A process may open {limit} files and sockets, too few for 200 users: run `{command}`.")
    if limit < ENOUGH:
        enough = f"enough for {limit // FILES_PER_USER} users"
        return note(f"A process may open {limit} files and sockets, {enough}; for more run `{command}`.")
    return fine(f"{limit} for each process" if limit < 2**31 else "no limit")


def no_folder(folder: str) -> Finding:
    """Return the finding about a folder for files that does not exist."""
    return mend(f"{folder} does not exist: run `mkdir -p {shlex.quote(folder)}`.")


def disk(free: Mapping[str, int]) -> Finding:
    """Return whether enough is free in each folder, in bytes."""
    fact = "free: " + ", ".join(f"{size / GIB:.1f} GiB in {folder}" for folder, size in free.items())
    if full := [folder for folder, size in free.items() if size < DISK]:
        return mend(f"{fact}, and 1 GiB is needed: `du -xh {full[0]} | sort -h | tail` shows what is large.")
    return fine(fact)
