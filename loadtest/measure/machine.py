"""Describe the machine and the software of a run."""

import platform
import subprocess
from importlib.metadata import distributions
from pathlib import Path

import psutil

from loadtest.contenders.cores import usable_cores
from loadtest.results.schema import Machine
from peers.rows import PEERS

TOLD = sorted(
    {
        *("aiohttp", "Flask", "gevent", "gunicorn", "httptools", "locust"),
        *("pydantic", "starlette", "uvloop", "Werkzeug"),
        *(name for peer in PEERS.values() for name in peer.distributions),
    },
    key=str.lower,
)
"""Packages whose versions influence the figures."""


def machine() -> Machine:
    """Return the machine, its Python version and the versions of the packages in TOLD."""
    cores = round(usable_cores(), 2)
    versions = {found.name.lower(): found.version for found in distributions()}
    return Machine(
        cores=int(cores) if cores == int(cores) else cores,
        memory=psutil.virtual_memory().total,
        processor=_processor(),
        system=platform.platform(),
        python=platform.python_version(),
        packages={name: versions[name.lower()] for name in TOLD if name.lower() in versions},
        commit=_commit(),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str | None:
    here = Path(__file__).parent
    command = ["git", "-C", str(here), "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
    try:
        described = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except OSError:
        return None
    return described.stdout.strip() or None if described.returncode == 0 else None
