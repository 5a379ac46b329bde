import os
import subprocess
import sys
from pathlib import Path

import pytest

from loadtest.contenders.service import lineup
from loadtest.workload.scenarios import ABOUT

SCRIPT = Path(sys.executable).with_name("sync-vs-async")


def shell(**environment: str) -> str:
    ran = subprocess.run(
        [SCRIPT], env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def completed(line: str) -> list[str]:
    """Return the completions that bash gets for the last word of `line`."""
    said = shell(_SYNC_VS_ASYNC_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(line.count(" ")))
    return [each.partition(",")[2] for each in said.splitlines()]


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_a_shell_gets_a_script_that_completes(kind: str) -> None:
    assert "_SYNC_VS_ASYNC_COMPLETE" in shell(_SYNC_VS_ASYNC_COMPLETE=f"{kind}_source")


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("sync-vs-async li", ["lineup"]),
        ("sync-vs-async compare --scenario ", [*ABOUT]),
        ("sync-vs-async compare --scenario que", ["query"]),
        ("sync-vs-async compare --services flask-t", ["flask-threads"]),
        ("sync-vs-async compare --services aiohttp,flask-t", ["aiohttp,flask-threads"]),
        ("sync-vs-async serve --services ", [*lineup(1), "all"]),
    ],
)
def test_what_can_be_named_is_offered(line: str, offered: list[str]) -> None:
    assert completed(line) == offered
