"""Runs of `sync-vs-async compare`, shorter than its defaults."""

import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

from loadtest.contenders.cores import SHARED_WORD, halves
from loadtest.contenders.service import lineup
from loadtest.results.schema import Results, Step, load
from loadtest.workload.closed import Closed
from tests.support.stalls import TooLate

SCRIPT = Path(sys.executable).with_name("sync-vs-async")
ONE_WORKER = "aiohttp:workers=1"

KNOWN = lineup(halves().usable)
"""The services with the sizes that they have by default."""


def compare(out: Path, *arguments: str, apart: bool = False) -> list[str]:
    """Return the command of a run whose results are written into `out`.

    Unless cores are apart, all processes share them: nothing is calibrated, which saves seconds, and the figures of a
    run are not inconclusive because of the run that another worker of the tests makes.
    """
    cores = () if apart else ("--cores", SHARED_WORD)
    return [str(SCRIPT), "compare", "--seconds", "0.6", "--repeats", "1", "--out", str(out), *cores, *arguments]


def rest_of(process: Popen[str]) -> tuple[str, str]:
    """Wait until a command exits, and return what is left of its output, and its errors.

    Unlike `communicate`, this includes lines that a read of the line before has taken from the pipe.
    """
    assert process.stdout
    assert process.stderr
    with ThreadPoolExecutor(2) as readers:
        out, err = (readers.submit(stream.read) for stream in (process.stdout, process.stderr))
        try:
            process.wait(60)
        finally:
            process.kill()
    return out.result(), err.result()


def written(out: Path, *, drawn: bool = True) -> Results:
    """Load the only results file of a run, and check that a report is beside it (`drawn`) or not."""
    files = sorted(path.name for path in out.glob("*/*") if path.parent.name != "latest")
    assert files == (["report.html", "results.json"] if drawn else ["results.json"])
    return load(out / "latest" / "results.json")


@contextmanager
def unless_in_doubt(steps: Iterable[Step]) -> Iterator[None]:
    """Turn a failed assertion about steps into TooLate if the judge doubts one of them: a stall spoils measurements."""
    try:
        yield
    except AssertionError as failed:
        if doubts := [doubt for step in steps for doubt in step.doubts]:
            raise TooLate(f"{failed}; in doubt: {'; '.join(doubts)}") from failed
        raise


def check(step: Step) -> None:
    """Check that the measurements of a step are consistent, and that no response came too early."""
    assert step.measured
    window = step.measured
    assert window.seconds >= step.window
    assert sum(window.latency.values()) == window.requests > 0
    assert min(window.latency) >= 50 * 0.995
    assert (window.failures, window.errors, window.unfinished) == (0, {}, 0)
    assert isinstance(step.load, Closed)
    lost = step.load.missing(window.requests / window.seconds, window.response_ms / window.requests / 1000)
    assert abs(lost) < 0.2 * step.load.users + 1
    assert 0 <= window.machine_cpu <= 1
    assert 0 <= window.stolen_cpu <= 1
