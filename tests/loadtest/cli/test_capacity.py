import subprocess

import pytest

from tests.loadtest.support.comparisons import SCRIPT


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--slo", "p99"), "p99<500ms"),
        (("--slo", "errors<0%"), "between 0 and 100"),
        (("--services", "nobody"), "nobody"),
        (("--services", "flask,flask"), "once"),
        (("--delay", "0"), "1ms"),
        (("--patience", "100ms"), "--patience must be longer than --delay"),
        (("--slo", "p99<2s", "--patience", "1s"), "--patience must be at least as long as the deadline"),
        (("--seed", "-1"), "--seed"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_runs(options: tuple[str, ...], complaint: str) -> None:
    command = [str(SCRIPT), "capacity", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert complaint in done.stderr
    assert not done.stdout
