"""Ask static checkers, where they are installed, for lines that block an event loop, beside those that a run saw.

ruff looks at one function at a time, hydroid follows calls from the routes of a framework. Neither needs the line to be
reached. Nothing of a line's text is kept: only where it is, and what the checker says about it.
"""

import ast
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from loadtest.contenders.target import Start
from loadtest.english import count
from loadtest.results.stalls import Finding, Spotted
from loadtest.watch.sites import Site

WITHIN = 20.0
"""Seconds that one checker may take."""

LONGEST = 300
"""Characters of what a checker says about one line."""

LIBRARIES = {"site-packages", "dist-packages", "node_modules"}

ENVIRONMENT = "pyvenv.cfg"
"""The file that marks the folder of a virtual environment."""


@dataclass
class Checked:
    """The lines that checkers point at, and a sentence for each checker that was not asked or could not see all."""

    spotted: list[Spotted] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _Failed(Exception):
    """The reason why a checker told nothing, to follow its name."""


class _Told(BaseModel):
    """A part of what a checker prints. It may print more."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class _Place(_Told):
    path: str
    line: int


class _Row(_Told):
    row: int


class _Message(_Told):
    """A message of ruff."""

    code: str | None
    filename: str
    location: _Row
    message: str


class _Call(_Told):
    location: _Place


class _Blocking(_Told):
    qualname: str
    advice: str


class _Entry(_Told):
    entry: str


class _Diagnostic(_Told):
    chain: list[_Call]
    sink: _Blocking
    reached_from: _Entry | None


class _Report(_Told):
    """The report of hydroid."""

    diagnostics: list[_Diagnostic]
    unresolved: list[_Call]


_MESSAGES = TypeAdapter(list[_Message])


def check(
    folder: Path, findings: Collection[Finding], libraries: Path | None = None, base: Path | None = None
) -> Checked:
    """Return what ruff and hydroid point at in the code of a service, file by file.

    `folder`: that of the code. `libraries`: the virtual environment in which its libraries are installed, None if it
    has none: hydroid finds more with it. `base`: the folder from which files are named, as those of findings are; None:
    that of the code.
    """
    folder = folder.resolve()
    base = base.resolve() if base else folder
    seen = {(each.site.file, each.site.line) for each in findings if each.site}
    checked = Checked()
    for tool, ask in TOOLS.items():
        program = _found(tool)
        if program is None:
            checked.notes.append(f"{tool} is not installed; it may point at lines that the run did not reach.")
            continue
        try:
            lines, notes = ask(program, folder, libraries)
        except _Failed as failed:
            checked.notes.append(f"{tool} {failed}.")
            continue
        except ValidationError:
            checked.notes.append(f"{tool} printed something else than was expected of its version.")
            continue
        for (file, line), said in _by_line(lines, folder).items():
            name = str(file.relative_to(base))
            site = Site(name, line, _function(file, line))
            checked.spotted.append(Spotted(tool=tool, site=site, said=_plain(said), seen=(name, line) in seen))
        checked.notes += notes
    return checked


def libraries_of(start: Start) -> Path | None:
    """Return the virtual environment of the program that starts a service, or None if it is not in one."""
    path = {**os.environ, **start.environment}.get("PATH", "")
    program = shutil.which(start.command[0], path=path) or str(start.folder / start.command[0])
    prefix = Path(program).absolute().parent.parent
    return prefix if (prefix / ENVIRONMENT).is_file() else None


_Lines = Iterable[tuple[Path, int, str]]
"""Lines, each with its file and with what is said about it."""


def _ruff(program: str, folder: Path, _libraries: Path | None) -> tuple[_Lines, list[str]]:
    options = ("--select", "ASYNC2", "--isolated", "--no-cache", "--output-format", "json", "--exit-zero")
    messages = _MESSAGES.validate_json(_printed([program, "check", *options, str(folder)], folder, (0,)))
    # a file that it cannot read has a message without such a code
    told = [each for each in messages if (each.code or "").startswith("ASYNC")]
    return [(Path(each.filename), each.location.row, f"{each.message} ({each.code})") for each in told], []


def _hydroid(program: str, folder: Path, libraries: Path | None) -> tuple[_Lines, list[str]]:
    options = ["--cpu", "--no-cache", "--format", "json"]
    options += ["--python", str(libraries)] if libraries else []
    report = _Report.model_validate_json(_printed([program, *options, str(folder)], folder, (0, 1)))
    lines = [
        (folder / each.chain[-1].location.path, each.chain[-1].location.line, _said(each))
        for each in report.diagnostics
        if each.chain
    ]
    unknown = len(report.unresolved)
    return lines, [f"hydroid could not follow {count(unknown, 'call')}, and may miss what they do."] if unknown else []


def _said(found: _Diagnostic) -> str:
    reached = f", reached from {found.reached_from.entry}" if found.reached_from else ""
    return f"{found.sink.qualname} blocks the event loop{reached}: {found.sink.advice}"


TOOLS: dict[str, Callable[[str, Path, Path | None], tuple[_Lines, list[str]]]] = {"ruff": _ruff, "hydroid": _hydroid}


def _found(tool: str) -> str | None:
    """Return the path of a program on PATH, or beside the Python that runs, or None."""
    return shutil.which(tool) or shutil.which(tool, path=str(Path(sys.executable).parent))


def _printed(command: Sequence[str], folder: Path, statuses: Collection[int]) -> str:
    """Return what a checker prints. Raises _Failed if it does not start, takes too long or ends with another status."""
    # variables of its own could change what it prints, and where to
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("RUFF_", "HYDROID_"))}
    try:
        running = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
    except OSError as error:
        raise _Failed(f"does not start: {error.strerror}") from None
    with running:
        try:
            printed, _ = running.communicate(timeout=WITHIN)
        except BaseException as error:
            os.killpg(running.pid, signal.SIGKILL)  # also what it started
            if isinstance(error, subprocess.TimeoutExpired):
                raise _Failed(f"was stopped after {WITHIN:g} s") from None
            raise
    if running.returncode not in statuses:
        raise _Failed(f"ended with status {running.returncode}")
    return printed.decode(errors="replace")


def _by_line(lines: _Lines, folder: Path) -> dict[tuple[Path, int], str]:
    """Return the first thing that is said about each line of a folder, in order, those of libraries left out."""
    found: dict[tuple[Path, int], str] = {}
    for file, line, said in lines:
        if file.is_relative_to(folder) and not _of_a_library(file, folder):
            found.setdefault((file, line), said)
    return dict(sorted(found.items()))


def _of_a_library(file: Path, folder: Path) -> bool:
    between = file.parents[: len(file.relative_to(folder).parts) - 1]
    return any(each.name in LIBRARIES or (each / ENVIRONMENT).is_file() for each in between)


@cache
def _functions(file: Path) -> list[tuple[int, int, str]]:
    """Return the first and the last line of each function of a file, and its name; none if the file cannot be read."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, ValueError, SyntaxError):
        return []
    return [
        (node.lineno, node.end_lineno or node.lineno, node.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def _function(file: Path, line: int) -> str:
    """Return the name of the innermost function around a line; empty outside of functions."""
    around = [(first, name) for first, last, name in _functions(file) if first <= line <= last]
    return max(around, default=(0, ""))[1]


def _plain(said: str) -> str:
    """Return what a checker says without characters that steer a terminal, and cut if it is long."""
    return "".join(each for each in said if each.isprintable())[:LONGEST]
