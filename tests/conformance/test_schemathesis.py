import subprocess
import sys
from pathlib import Path

import pytest

from contract.operations import OPERATIONS
from tests.conformance.support.fleet import TWINS, Fleet

# Every check of schemathesis's is on. What it cannot know from the document: how long MAX_DURATION is, that n times
# delay is limited too, and that a barrier where nobody else comes is a 504.
CONFIGURATION = """
[checks]
not_a_server_error.expected-statuses = ["2xx", "4xx", 504]
positive_data_acceptance.expected-statuses = [200, 202, 400, 504]

# It answers with whichever status it is asked for.
[[operations]]
include-name = "GET /drip"
checks.not_a_server_error.enabled = false
checks.positive_data_acceptance.expected-statuses = ["2xx", "3xx", "4xx", "5xx"]

# A body that is too long is a 413.
[[operations]]
include-name = "POST /answer/{question}"
checks.negative_data_rejection.expected-statuses = ["4xx"]
"""
SHORT_WAITS = {"MAX_DURATION": "0.05"}


def started(url: str, directory: Path) -> subprocess.Popen[str]:
    directory.mkdir()
    (directory / "schemathesis.toml").write_text(CONFIGURATION)
    schemathesis = Path(sys.executable).with_name("schemathesis")
    return subprocess.Popen(
        [schemathesis, "run", f"{url}/openapi.json", "--max-examples=2", "--seed=1", "--no-color", "--warnings=off"],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("name", TWINS)  # every other application is held against them, in test_equality
def test_what_schemathesis_makes_of_the_document_finds_no_fault(fleet: Fleet, tmp_path: Path, name: str) -> None:
    with started(fleet(name, workers=1, environment=SHORT_WAITS).url, tmp_path / name) as run:
        told, _ = run.communicate(timeout=120)
    assert run.returncode == 0, told
    assert f"Tested: {len(OPERATIONS) - 1}" in told  # all but the document's own
