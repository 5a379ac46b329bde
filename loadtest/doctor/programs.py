"""Findings about programs that help but are not needed: Docker and a browser."""

import shutil
import subprocess
import webbrowser
from contextlib import suppress
from typing import NamedTuple

from .finding import Finding, fine, note

WITHIN = 5.0
"""Seconds that a command of Docker may take."""

OPTIONAL = "Only the containers need Docker."

TEXT_ONLY = {"www-browser", "links", "elinks", "lynx", "w3m"}
"""Browsers that draw no charts."""


class Engine(NamedTuple):
    """The version and the cores of a Docker engine; if it does not answer, the reason that the client names."""

    version: str
    cores: int
    refusal: str = ""


def docker(engine: Engine | None, *, compose: bool, mac: bool) -> Finding:
    """Return whether the containers can be used. `engine`: None if the client is not installed. `compose`: it is."""
    if engine is None:
        return note(f"Not installed. {OPTIONAL}")
    if "permission denied" in engine.refusal.lower():
        return note(f"It refuses this user: `sudo usermod -aG docker $USER`, then log in again. {OPTIONAL}")
    if engine.refusal:
        return note(
            f"No engine answers: run `{'open -a Docker' if mac else 'sudo systemctl start docker'}`. {OPTIONAL}"
        )
    if not compose:
        return note(f"The engine answers, but neither `docker compose` nor docker-compose is installed. {OPTIONAL}")
    if engine.cores < 2:
        return note(
            f"The engine has {engine.cores} core, and each twin takes one: give it more in its settings. {OPTIONAL}"
        )
    return fine(f"engine {engine.version} with compose, {engine.cores} cores")


def engine() -> Engine | None:
    """Return what the Docker engine answers, or None if the client is not installed."""
    if shutil.which("docker") is None:
        return None
    done, said, complaint = _run("docker", "info", "--format", "{{.NCPU}} {{.ServerVersion}}")
    cores, _, version = said.strip().partition(" ")
    if done and version and cores.isdecimal():
        return Engine(version, int(cores))
    return Engine("", 0, complaint.strip() or "no answer")


def compose() -> bool:
    """Return True if a command for compose files is installed."""
    return _run("docker", "compose", "version")[0] or _run("docker-compose", "version")[0]


def browser(name: str | None) -> Finding:
    """Return whether Python knows a browser that draws charts. `name`: the name of its program, or None."""
    if name is None or name in TEXT_ONLY:
        return note(
            "None that draws charts is known here: open the pages that the commands name in a browser yourself."
        )
    return fine(name)


def known_browser() -> str | None:
    """Return the name of the program that opens pages, or None if there is none."""
    with suppress(webbrowser.Error):
        return str(getattr(webbrowser.get(), "name", "default"))
    return None


def _run(*command: str) -> tuple[bool, str, str]:
    """Return whether a command succeeded within WITHIN seconds, its output and its errors."""
    try:
        ran = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=WITHIN
        )
    except (OSError, subprocess.TimeoutExpired):
        return False, "", ""
    return ran.returncode == 0, ran.stdout, ran.stderr
