"""Tests of the findings about other programs: those that are busy, Docker, and the browser."""

import subprocess
import sys

import pytest

from loadtest.doctor import busy, programs
from loadtest.doctor.busy import Program
from loadtest.doctor.finding import fine
from loadtest.doctor.programs import Engine


def test_docker_that_is_missing_or_silent_is_a_note() -> None:
    ready = Engine("28.1", 4)
    assert programs.docker(ready, compose=True, mac=False) == fine("engine 28.1 with compose, 4 cores")
    notes = {
        "Not installed": programs.docker(None, compose=False, mac=False),
        "`sudo usermod -aG docker $USER`": programs.docker(Engine("", 0, "Permission denied"), compose=True, mac=False),
        "`sudo systemctl start docker`": programs.docker(Engine("", 0, "Cannot connect"), compose=True, mac=False),
        "`open -a Docker`": programs.docker(Engine("", 0, "Cannot connect"), compose=True, mac=True),
        "neither `docker compose` nor": programs.docker(ready, compose=False, mac=False),
        "1 core": programs.docker(Engine("28.1", 1), compose=True, mac=False),
    }
    for said, found in notes.items():
        assert found.state == "note"
        assert said in found.text


@pytest.mark.parametrize(("name", "state"), [("firefox", "fine"), ("w3m", "note"), (None, "note")])
def test_a_browser_that_draws_nothing_is_a_note(name: str | None, state: str) -> None:
    assert programs.browser(name).state == state


def test_programs_that_take_a_tenth_of_the_cores_are_named() -> None:
    heavy, light = Program("video", 7, 0.9), Program("clock", 8, 0.05)
    assert busy.busy(0.09, [heavy]) == fine("9% of the cores in use")
    named = busy.busy(0.5, [heavy, light])
    assert named.state == "mend"
    assert "close video (0.9 cores, process 7)." in named.text
    assert "`top` shows them" in busy.busy(0.5, [light]).text


def test_a_busy_loop_is_seen() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as loop:
        try:
            share, found = busy.watch()
        finally:
            loop.kill()
    assert share > 0
    assert any(program.process == loop.pid and program.cores > 0 for program in found)
