import os
import subprocess
import sys
from pathlib import Path

import pytest

from contract.operations import OPERATIONS
from tests.conformance.support.fleet import TWINS, Fleet
from tests.support.stalls import TooLate

# All checks of schemathesis are on. The document does not state the value of MAX_DURATION, the limit on n times delay,
# or that a barrier without other requests responds with 504.
CONFIGURATION = """
[checks]
not_a_server_error.expected-statuses = ["2xx", "4xx", 504]
positive_data_acceptance.expected-statuses = [200, 202, 400, 504]

# The request chooses the status of the response.
[[operations]]
include-name = "GET /drip"
checks.not_a_server_error.enabled = false
checks.positive_data_acceptance.expected-statuses = ["2xx", "3xx", "4xx", "5xx"]

# A body that is too long gets a 413.
[[operations]]
include-name = "POST /answer/{question}"
checks.negative_data_rejection.expected-statuses = ["4xx"]
"""
SHORT_WAITS = {"MAX_DURATION": "0.05"}


def started(url: str, directory: Path) -> subprocess.Popen[str]:
    directory.mkdir(exist_ok=True)
    (directory / "schemathesis.toml").write_text(CONFIGURATION)
    schemathesis = Path(sys.executable).with_name("schemathesis")
    return subprocess.Popen(
        [
            *(schemathesis, "run", f"{url}/openapi.json", "--max-examples=2", "--seed=1", "--no-color"),
            *("--warnings=off", "--suppress-health-check=too_slow"),
        ],
        cwd=directory,
        env={**os.environ, "no_proxy": "*"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("name", TWINS[:1])  # test_equality and test_fuzz compare all other applications with it
def test_what_schemathesis_makes_of_the_document_finds_no_fault(fleet: Fleet, tmp_path: Path, name: str) -> None:
    with started(fleet(name, workers=1, environment=SHORT_WAITS).url, tmp_path / name) as run:
        try:
            told, _ = run.communicate(timeout=120)
        finally:
            run.kill()
    if run.returncode and "The database is unreachable." in told:
        raise TooLate(told)
    assert run.returncode == 0, told
    assert f"Tested: {len(OPERATIONS) - 1}" in told  # all but the document itself
