"""Fetch the wheels of requirements files into a folder, for laptops without internet and of other kinds.

A wheel that the folder has, with a hash of the requirements, is not fetched again.
"""

import argparse
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import file_digest
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename

LINUX = [f"manylinux_2_{minor}" for minor in range(28, 4, -1)] + ["manylinux2014", "manylinux2010", "manylinux1"]
"""Platforms of wheels for Linux with glibc 2.28 or newer, the newest first."""

PLATFORMS = {
    "linux-x86_64": [f"{each}_x86_64" for each in LINUX],
    "linux-aarch64": [f"{each}_aarch64" for each in LINUX],
    "macos-x86_64": list(mac_platforms((11, 0), "x86_64")),
    "macos-arm64": list(mac_platforms((11, 0), "arm64")),
}
"""The platforms of wheels that run on each kind of laptop; those for macOS 11 run on every newer one."""

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]

INTERRUPTED = 2


@dataclass(frozen=True)
class Pin:
    """A requirement of exactly one version, with the SHA-256 of each of its files."""

    requirement: Requirement
    hashes: frozenset[str]

    def __str__(self) -> str:
        return f"{self.requirement.name}{self.requirement.specifier}"


@dataclass(frozen=True)
class Laptop:
    """A kind of laptop: its platform, and the version of its Python."""

    platform: str
    python: str

    @property
    def tags(self) -> set[Tag]:
        """The tags of the wheels that run here."""
        version, interpreter = tuple(map(int, self.python.split("."))), f"cp{self.python.replace('.', '')}"
        platforms = PLATFORMS[self.platform]
        return {
            *cpython_tags(version, [interpreter], platforms),
            *compatible_tags(version, interpreter, platforms),
        }

    def needs(self, pin: Pin) -> bool:
        """Return True if the marker of a requirement, if it has one, is true here."""
        system, _, machine = self.platform.partition("-")
        here = {
            **{name: str(value) for name, value in default_environment().items()},
            "implementation_name": "cpython",
            "platform_machine": machine,
            "platform_python_implementation": "CPython",
            "platform_system": "Darwin" if system == "macos" else "Linux",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "darwin" if system == "macos" else "linux",
        }
        return pin.requirement.marker is None or pin.requirement.marker.evaluate(here)

    def __str__(self) -> str:
        return f"{self.platform}, Python {self.python}"


def pins(files: Iterable[Path]) -> list[Pin]:
    """Return the requirements of all files, each once. Raises SystemExit if one has no hash."""
    found: dict[str, Pin] = {}
    for file in files:
        text = re.sub(r"^\s*#.*\n", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
        for line in filter(str.strip, text.splitlines()):
            requirement, *hashes = re.split(r"\s+--hash=sha256:", line.strip())
            if not hashes:
                sys.exit(f"{file}: {requirement} has no hash; run make lock.")
            found[requirement] = Pin(Requirement(requirement), frozenset(hashes))
    return list(found.values())


class Wheels:
    """The wheels in a folder, by their hashes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[str, frozenset[Tag]]] = {}

    def missing(self, laptop: Laptop, wanted: Iterable[Pin]) -> list[Pin]:
        """Return the requirements without a wheel in the folder that runs on the laptop."""
        for path in self._folder.glob("*.whl"):
            if path.name not in self._known:
                with path.open("rb") as file:
                    self._known[path.name] = file_digest(file, "sha256").hexdigest(), parse_wheel_filename(path.name)[3]
        tags = laptop.tags
        there = {digest for digest, known in self._known.values() if not tags.isdisjoint(known)}
        return [pin for pin in wanted if laptop.needs(pin) and pin.hashes.isdisjoint(there)]

    def fetch(self, laptop: Laptop, wanted: Sequence[Pin]) -> list[Pin]:
        """Fetch the wheels of requirements for a laptop, and return those that have none. Raises SystemExit."""
        without: list[Pin] = []
        while left := [pin for pin in wanted if pin not in without]:
            complaint = self._download(laptop, left)
            if complaint is None:
                return without
            named = re.search(r"No matching distribution found for (\S+)", complaint)
            refused = [pin for pin in left if named and str(pin) == named[1]]
            if not refused:
                sys.exit(f"pip could not fetch the wheels for {laptop}: {complaint.splitlines()[-1]}")
            without += refused
        return without

    def _download(self, laptop: Laptop, wanted: Sequence[Pin]) -> str | None:
        """Fetch wheels with pip, all or none, and return its errors, or None if it succeeded."""
        lines = (" ".join((str(pin), *(f"--hash=sha256:{each}" for each in sorted(pin.hashes)))) for pin in wanted)
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
            command += ["--only-binary=:all:", "--require-hashes", "--implementation=cp"]
            command += [
                f"--python-version={laptop.python}",
                *(f"--platform={each}" for each in PLATFORMS[laptop.platform]),
            ]
            command += [f"--requirement={file.name}", f"--dest={self._folder}"]
            ran = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        errors = [line for line in ran.stderr.splitlines() if line.startswith("ERROR: ")]
        return None if ran.returncode == 0 else "\n".join(errors) or ran.stderr or f"pip ended with {ran.returncode}"


def several(known: Sequence[str], what: str, text: str) -> list[str]:
    """Return the names in a comma-separated list. Raises ArgumentTypeError for one that is unknown."""
    names = text.split(",")
    if unknown := [name for name in names if name not in known]:
        raise argparse.ArgumentTypeError(f"there is no {what} {unknown[0]!r}; there are {', '.join(known)}")
    return names


def main() -> int:
    """Fetch the wheels for every kind of laptop that is asked for, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("folder", type=Path, help="where the wheels go")
    parser.add_argument("requirements", type=Path, nargs="+", help="requirements files with hashes")
    for option, known, what in (("--platforms", [*PLATFORMS], "platform"), ("--pythons", PYTHONS, "version of Python")):
        parser.add_argument(
            option,
            type=partial(several, known, what),
            default=known,
            metavar="A,B",
            help=f"of {', '.join(known)} (default: all)",
        )
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # pip ends with this process
    asked.folder.mkdir(parents=True, exist_ok=True)
    wheels, wanted = Wheels(asked.folder), pins(asked.requirements)
    try:
        for laptop in (Laptop(platform, python) for platform in asked.platforms for python in asked.pythons):
            missing = wheels.missing(laptop, wanted)
            wheel = "wheel" if len(missing) == 1 else "wheels"
            print(f"{laptop}: {f'fetching {len(missing)} {wheel}' if missing else 'complete'}", flush=True)
            without = wheels.fetch(laptop, missing)
            if without:
                print(
                    f"  There is no wheel of {', '.join(map(str, without))}: take another version of Python there.",
                    flush=True,
                )
    except KeyboardInterrupt:
        print("Interrupted. The next run fetches what is missing.", file=sys.stderr)
        return INTERRUPTED
    size = sum(path.stat().st_size for path in asked.folder.glob("*.whl"))
    print(f"{asked.folder} has {size / 2**20:.0f} MiB of wheels.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
