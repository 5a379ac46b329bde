"""Load from another machine: `sync-vs-async generator` for `sync-vs-async compare --remote-generators`."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_urlsafe

import psutil
import pytest

from loadtest.generator.crew import TOKEN
from loadtest.results.schema import Results
from tests.loadtest.support.commands import SCRIPT, WITHIN
from tests.loadtest.support.networks import DELAY, LEFT, RIGHT, machine, machines
from tests.support.stalls import SLACK, eventually

pytestmark = [pytest.mark.slow, pytest.mark.measures, pytest.mark.xdist_group("machines")]  # which have one name each

SERVICES = ("--services", "aiohttp", "--cores", "shared", "--repeats", "1", "--delay", "50ms")
WAIT = 50.0
SECRET = token_urlsafe()


@contextmanager
def command(address: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command on one of the machines until the context exits."""
    with subprocess.Popen(
        [*machine(address), str(SCRIPT), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, TOKEN: SECRET},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def living() -> list[list[str]]:
    """Return the command lines of load generators that are alive on either machine."""
    found = [each.info["cmdline"] or [] for each in psutil.process_iter(["cmdline"])]
    return [line for line in found if any(word.startswith("loadtest.generator.") for word in line) and "remote" in line]


def test_load_comes_from_another_machine_over_a_slow_network(tmp_path: Path) -> None:
    with machines():
        asked = (*SERVICES, "--users", "1,20", "--remote-generators", "2", "--bind", LEFT, "--out", str(tmp_path))
        from_right = ("generator", "--master", LEFT, "--generators", "2")
        with command(LEFT, "compare", *asked) as run, command(RIGHT, *from_right) as far:
            told, _ = run.communicate(timeout=WITHIN)
            assert run.returncode in (0, 2), told  # a busy machine makes steps inconclusive
            said, _ = far.communicate(timeout=SLACK)
            assert (far.returncode, said.splitlines()[-1]) == (0, "The run is over."), said
    assert told.count("has come, one of 2: ") == 2
    file = tmp_path / "latest" / "results.json"
    results = Results.model_validate(json.loads(file.read_text()))
    assert len(results.steps) == 2
    for step in results.steps:
        assert step.measured is not None
        assert step.measured.faults == []
        assert sum(each.users[0] for each in step.measured.generators) == step.load.amount
        assert not any(each.local for each in step.measured.generators)
        assert step.measured.failures == 0
        assert min(step.measured.latency) >= (WAIT + 2 * DELAY * 1000) * 0.995  # there and back
    assert living() == []


def test_an_interrupted_run_leaves_no_load_generator_on_either_machine(tmp_path: Path) -> None:
    with machines():
        asked = (*SERVICES, "--users", "5", "--seconds", "60", "--remote-generators", "1", "--bind", LEFT)
        with (
            command(LEFT, "compare", *asked, "--out", str(tmp_path)) as run,
            command(RIGHT, "generator", "--master", LEFT) as far,
        ):
            output = far.stdout
            assert output is not None
            eventually(lambda: "takes part" in output.readline(), WITHIN)
            run.send_signal(signal.SIGINT)
            assert run.wait(WITHIN) == 2
            assert far.wait(SLACK) in (0, 1)  # told that the run is over, or left alone
    assert living() == []
