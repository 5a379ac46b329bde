"""Child processes: what they import, and that they end with the process that started them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from backing.processes import PYTHON, logged, tail
from serving import end_with_parent
from tests.loadtest.support.processes import living

CHILD = """
import time
print("up", flush=True)
time.sleep(60)
"""

WATCHED = f"""
import os
from serving.end_with_parent import watched
watched(os.getppid())
{CHILD}
"""

PARENT = """
import subprocess, sys
from backing.processes import start
child = start([sys.executable, "-c", sys.argv[1]], subprocess.DEVNULL)
child.stdout.readline()
print(child.pid, flush=True)
sys.stdin.readline()
"""

WATCHED_PARENT = PARENT.replace(
    'start([sys.executable, "-c", sys.argv[1]], subprocess.DEVNULL)',
    'subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=-1, text=True, start_new_session=True)',
)


@contextmanager
def parent(program: str, child: str) -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    """Run a process that starts another, until the context exits, and yield both."""
    command = [sys.executable, "-c", program, child]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process, psutil.Process(int(process.stdout.readline()))


@pytest.mark.parametrize(
    ("program", "child"),
    [
        pytest.param(PARENT, CHILD, marks=pytest.mark.skipif(sys.platform != "linux", reason="it needs prctl")),
        (WATCHED_PARENT, WATCHED),
    ],
    ids=["signalled", "watched"],
)
def test_a_child_ends_when_its_parent_is_killed(program: str, child: str) -> None:
    with parent(program, child) as (process, started):
        process.kill()
        process.wait()
        assert living([started]) == []


def test_an_orphan_that_watches_is_no_child_and_stays_no_longer_than_what_it_watches() -> None:
    with parent(WATCHED_PARENT, WATCHED) as (process, started):
        (watching,) = (each for each in psutil.process_iter() if each != started and _group(each) == started.pid)
        assert started.children() == []
        started.kill()
        process.communicate("")
        assert living([watching]) == []


def _group(process: psutil.Process) -> int | None:
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return None


def test_a_child_whose_parent_has_ended_already_does_not_begin() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    begin = [sys.executable, "-IS", end_with_parent.__file__, str(gone.pid), end_with_parent.LEADER]
    command = [*begin, sys.executable, "-c", "print(1)"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "")


def test_a_module_is_not_imported_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("backing", "contract"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
    monkeypatch.chdir(tmp_path)
    with logged([*PYTHON, "backing.upstream", "--help"]) as (process, log):
        assert process.stdout
        assert process.stdout.read().startswith("usage: python -m backing.upstream")
        assert process.wait(30) == 0, os.fsdecode(log.read())


def test_the_last_lines_of_a_log_are_whole(tmp_path: Path) -> None:
    lines = [f"line {number:4}" for number in range(2000)]  # of nine characters
    for output, shown in (
        ("", ""),
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree"),
        ("\n".join(lines), "\n".join(lines[-200:])),
        (f"first\n{'word ' * 1000}end\n", f"{'word ' * 1000}end"),
        (f"first\n{'word ' * 2000}end\n", "(The last line has more than 8000 bytes.)"),
        (f"{'word ' * 2000}\nend\n", "end"),
    ):
        (tmp_path / "log").write_text(output, newline="")
        with (tmp_path / "log").open() as log:
            assert tail(log) == shown
