import json
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from loadtest.contenders.target import Start
from loadtest.measure import spotted
from loadtest.measure.spotted import check, libraries_of
from loadtest.results.stalls import BLOCKING, Finding
from loadtest.watch.sites import Site
from tests.loadtest.support.processes import living

PLANTED = """import time


def nap() -> None:
    time.sleep(1)


async def handler() -> None:
    nap()
    time.sleep(2)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a service with one module."""
    service = tmp_path / "service"
    service.mkdir()
    (service / "shop.py").write_text(PLANTED)
    return service


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are looked for."""
    found = tmp_path / "programs"
    found.mkdir()
    monkeypatch.setenv("PATH", str(found))
    monkeypatch.setattr(sys, "executable", str(found / "python"))
    return found


def installed(programs: Path, tool: str, script: str) -> None:
    program = programs / tool
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)


def prints(programs: Path, tool: str, told: Any, status: int = 0) -> None:
    output = programs / f"{tool}.json"
    output.write_text(told if isinstance(told, str) else json.dumps(told))
    installed(programs, tool, f'echo "$@" > {programs}/asked\n/bin/cat {output}\nexit {status}')


def message(file: Path, row: int = 5, text: str = "said", code: str | None = "ASYNC251") -> dict[str, Any]:
    return {"code": code, "filename": str(file), "location": {"row": row, "column": 5}, "message": text, "fix": None}


def report(*lines: int, unresolved: int = 0) -> dict[str, Any]:
    """A report of hydroid on a handler that reaches these lines."""
    chain = [{"location": {"path": "shop.py", "line": line}, "text": 'get("secret")'} for line in (9, *lines)]
    found = {
        "chain": chain,
        "sink": {"qualname": "time.sleep", "category": "sleep", "advice": "use `await asyncio.sleep(...)`"},
        "reached_from": {"entry": "route GET /naps: shop.handler", "frames": []},
        "runs_once": False,
    }
    return {"diagnostics": [found], "unresolved": chain[:1] * unresolved, "stats": {"files": 1}}


def finding(file: str, line: int) -> Finding:
    site = Site(file, line, "nap")
    times = {"times": 3, "p50_ms": 1, "worst_ms": 2, "request_ms": 1}
    return Finding.model_validate(
        {"kind": BLOCKING, "site": site, "routes": {}, "share": 0.1, "cpu": 0.0, "releases_lock": True, **times}
    )


def test_ruff_points_at_a_line_whether_the_run_saw_it_or_not(folder: Path) -> None:
    reached = check(folder, [finding("shop.py", 10)])
    (found,) = [each for each in reached.spotted if each.tool == "ruff"]
    assert (found.site, found.seen) == (Site("shop.py", 10, "handler"), True)
    assert found.said == "Async functions should not call `time.sleep` (ASYNC251)"
    assert [each.name for each in folder.iterdir()] == ["shop.py"]
    assert not any(each.seen for each in check(folder, [finding("shop.py", 5)]).spotted if each.tool == "ruff")


def test_hydroid_points_at_the_line_that_its_chain_of_calls_ends_with(folder: Path, programs: Path) -> None:
    prints(programs, "hydroid", report(5, unresolved=2), status=1)
    found = check(folder, [finding("shop.py", 5)], Path("/opt/shop"))
    (only,) = found.spotted
    assert (only.site, only.seen) == (Site("shop.py", 5, "nap"), True)
    assert only.said == (
        "time.sleep blocks the event loop, reached from route GET /naps: shop.handler: use `await asyncio.sleep(...)`"
    )
    assert "hydroid could not follow 2 calls, and may miss what they do." in found.notes
    assert (programs / "asked").read_text() == f"--cpu --no-cache --format json --python /opt/shop {folder}\n"


def test_a_checker_that_is_not_installed_is_left_out(folder: Path, programs: Path) -> None:
    assert list(programs.iterdir()) == []
    found = check(folder, [])
    assert found.spotted == []
    assert found.notes == [
        f"{tool} is not installed; it may point at lines that the run did not reach." for tool in ("ruff", "hydroid")
    ]


@pytest.mark.parametrize(
    ("script", "note"),
    [
        ("exit 2", "ruff ended with status 2."),
        ("kill -9 $$", "ruff ended with status -9."),
        ("echo no JSON", "ruff printed something else than was expected of its version."),
        ("echo '{}'", "ruff printed something else than was expected of its version."),
        ("""echo '[{"code": "ASYNC251", "filename": "shop.py"}]'""", "ruff printed something else than was expected"),
    ],
)
def test_a_checker_that_fails_is_left_out(folder: Path, programs: Path, script: str, note: str) -> None:
    installed(programs, "ruff", script)
    found = check(folder, [])
    assert found.spotted == []
    assert found.notes[0].startswith(note)


def test_a_checker_that_does_not_start_is_left_out(folder: Path, programs: Path) -> None:
    (programs / "ruff").write_text("no program")
    (programs / "ruff").chmod(0o700)
    assert check(folder, []).notes[0] == "ruff does not start: Exec format error."


def test_a_checker_that_takes_too_long_is_stopped_with_what_it_started(
    folder: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spotted, "WITHIN", 1.0)
    installed(programs, "ruff", f"/bin/sleep 60 &\necho $! > {programs}/child\nwait")
    assert check(folder, []).notes[0] == "ruff was stopped after 1 s."
    child = int((programs / "child").read_text())
    assert not psutil.pid_exists(child) or living([psutil.Process(child)]) == []


def test_lines_of_libraries_and_of_other_folders_are_left_out(folder: Path, programs: Path) -> None:
    (folder / "own-environment").mkdir()
    (folder / "own-environment" / "pyvenv.cfg").touch()
    prints(
        programs,
        "ruff",
        [
            message(folder / "lib" / "site-packages" / "requests.py"),
            message(folder / "own-environment" / "lib" / "requests.py"),
            message(folder.parent / "other.py"),
            message(folder / "broken.py", code="invalid-syntax"),
            message(folder / "shop.py"),
        ],
    )
    assert [each.site.file for each in check(folder, []).spotted] == ["shop.py"]


def test_each_line_is_told_once_and_without_characters_that_steer_a_terminal(folder: Path, programs: Path) -> None:
    lines = [message(folder / "shop.py", 10, "second"), message(folder / "shop.py", 1, "\x1b[31mfirst\n")]
    prints(programs, "ruff", [*lines, message(folder / "shop.py", 10, "again")])
    found = check(folder, []).spotted
    assert [(each.site.line, each.site.function) for each in found] == [(1, ""), (10, "handler")]
    assert [each.said for each in found] == ["[31mfirst (ASYNC251)", "second (ASYNC251)"]


def test_files_are_named_from_the_same_folder_as_those_of_findings(folder: Path, programs: Path) -> None:
    prints(programs, "ruff", [message(folder / "shop.py")])
    (only,) = check(folder, [finding("service/shop.py", 5)], base=folder.parent).spotted
    assert (only.site.file, only.seen) == ("service/shop.py", True)


def test_the_libraries_of_a_service_are_those_of_the_program_that_starts_it(tmp_path: Path) -> None:
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    installed(tmp_path / "venv" / "bin", "uvicorn", "")
    start = Start(("venv/bin/uvicorn", "shop:app"), tmp_path, {})
    assert libraries_of(start) is None
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    assert libraries_of(start) == tmp_path / "venv"
    on_path = Start(("uvicorn", "shop:app"), tmp_path, {"PATH": str(tmp_path / "venv" / "bin")})
    assert libraries_of(on_path) == tmp_path / "venv"
