"""Tests of `sync-vs-async doctor`: its lines and its exit status."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from loadtest.cli import doctor
from loadtest.cli.main import main
from loadtest.doctor.checks import CHECKS
from loadtest.doctor.finding import Finding, fine, mend, note

SCRIPT = Path(sys.executable).with_name("sync-vs-async")

FINE, NOTE, MEND = fine("2 cores"), note("Not installed."), mend("Run `a command` first.")


@pytest.mark.parametrize(
    ("findings", "status", "last"),
    [
        ({"cores": FINE}, 0, "This machine is ready."),
        ({"cores": FINE, "Docker": NOTE}, 0, "This machine is ready, 1 note."),
        ({"cores": FINE, "Docker": NOTE, "proxies": MEND}, 1, "1 thing to mend, 1 note."),
    ],
)
def test_only_what_must_be_mended_is_a_failure(
    findings: Mapping[str, Finding],
    status: int,
    last: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(doctor, "CHECKS", {name: lambda found=found: found for name, found in findings.items()})
    with pytest.raises(SystemExit) as exited:
        main(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    assert exited.value.code == status
    assert [line.split() for line in lines[: len(findings)]] == [
        [found.state, name, *found.text.split()] for name, found in findings.items()
    ]
    assert lines[-1] == last


@pytest.mark.slow
def test_this_machine_is_checked_in_lines_that_can_be_read_and_copied() -> None:
    environment = {**os.environ, "http_proxy": "http://proxy.example:3128", "no_proxy": "", "NO_PROXY": ""}
    ran = subprocess.run([SCRIPT, "doctor"], env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stderr) == (1, "")
    lines = ran.stdout.splitlines()
    heads = [line for line in lines[:-2] if not line.startswith(" ")]
    assert len(heads) == len(CHECKS)
    for name, head in zip(CHECKS, heads, strict=True):
        assert head[:4] in {"fine", "note", "mend"}
        assert head[6:].startswith(name)
    assert [head[:4] for head in heads if "proxies" in head] == ["mend"]
    assert [line for line in lines if line != line.rstrip()] == []
