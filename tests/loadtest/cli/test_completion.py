import os
import subprocess
import sys
from pathlib import Path

import pytest

from loadtest.cli.main import main
from loadtest.contenders.service import lineup
from loadtest.workload.scenarios import ABOUT

SCRIPT = Path(sys.executable).with_name("sync-vs-async")


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_a_shell_gets_a_script_that_completes(kind: str) -> None:
    environment = {**os.environ, "_SYNC_VS_ASYNC_COMPLETE": f"{kind}_source"}
    ran = subprocess.run([SCRIPT], env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "_SYNC_VS_ASYNC_COMPLETE" in ran.stdout


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
def test_what_can_be_named_is_offered(
    line: str, offered: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {"_SYNC_VS_ASYNC_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    for name, value in asked.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 0
    assert [each.partition(",")[2] for each in capsys.readouterr().out.splitlines()] == offered
