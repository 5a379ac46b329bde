import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.stalls import SLACK, TooLate, at_best, within
from workshop import at_once, in_a_row

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PYTHON = [sys.executable, "-W", "error"]
LENIENCE = 2 * SLACK  # all programs start at once

NUMBERS = range(1, 6)
BEGINNINGS = [f"task {number} begins" for number in NUMBERS]
ENDS = [f"task {number} ends" for number in NUMBERS]
KETTLES = [f"{name} puts the kettle on" for name in ("Ada", "Grace", "Radia")]
TEAS = [f"{name} has tea" for name in ("Ada", "Grace", "Radia")]

# The lines that each file prints, with ? for measured seconds, and the seconds that it waits.
FILES = {
    "at_once": ([*BEGINNINGS, *ENDS, "? s at once"], 1),
    "by_hand": ([*KETTLES, *TEAS], 1),
    "in_a_row": ([line for both in zip(BEGINNINGS, ENDS, strict=True) for line in both] + ["? s in a row"], 5),
    "three_coroutines": ([*KETTLES, *TEAS], 1),
}
SERVICES = ["aiohttp_delay", "flask_delay"]
"""Files that serve until Ctrl-C. They are tested in test_services.py."""

PERSON = "a_person"
"""The file that waits for a person. It is tested below."""

NOTEBOOK = "notebook"
"""The source of the notebook. It is tested in test_notebook.py."""

COMMANDS = {f"workshop/{name}.py": name for name in FILES} | {f"-m workshop.{name}": name for name in FILES}

every_file = pytest.mark.parametrize("name", FILES)
every_command = pytest.mark.parametrize("command", COMMANDS)


@dataclass(frozen=True)
class Ran:
    """The result of a file that ran to its end."""

    lines: list[str]
    errors: str
    status: int
    seconds: float

    @property
    def figure(self) -> float:
        """The seconds that the file reports."""
        return float(self.lines[-1].split()[0])


Running = Callable[[str], Ran]


def run(command: str) -> Ran:
    began = time.perf_counter()
    done = subprocess.run(
        [*PYTHON, *command.split()], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    seconds = time.perf_counter() - began
    return Ran(done.stdout.splitlines(), done.stderr, done.returncode, seconds)


def without_figures(text: str) -> str:
    return re.sub(r"^\d+\.\d{3}(?= s )", "?", text, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """Run every file by its path and as a module, all at once: the tests take as long as the longest run."""
    with ThreadPoolExecutor(len(COMMANDS)) as pool:
        futures = {command: pool.submit(run, command) for command in COMMANDS}
        yield lambda command: futures[command].result()


@pytest.fixture
def heard() -> Iterator[None]:
    """Let child processes receive Ctrl-C, even if the tests run in the background, where it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_every_file_of_the_workshop_is_tested() -> None:
    assert sorted(path.stem for path in (ROOT / "workshop").glob("[!_]*.py")) == sorted(
        [*FILES, *SERVICES, PERSON, NOTEBOOK]
    )


def test_the_readme_shows_every_file_and_what_it_prints() -> None:
    readme = without_figures((ROOT / "workshop" / "README.md").read_text())
    shown = re.findall(r"^\$ python workshop/(\w+)\.py\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    blocks = {name: block.splitlines() for name, block in shown if name != PERSON}
    assert blocks == {name: lines for name, (lines, _) in FILES.items()}


@every_command
def test_a_program_prints_its_lines_in_order(running: Running, command: str) -> None:
    ran = running(command)
    lines, _ = FILES[COMMANDS[command]]
    assert (ran.status, ran.errors) == (0, "")
    assert [without_figures(line) for line in ran.lines] == lines


@every_command
def test_a_program_takes_as_long_as_it_waits(running: Running, command: str) -> None:
    _, seconds = FILES[COMMANDS[command]]
    assert seconds <= running(command).seconds < seconds + LENIENCE


def test_five_tasks_in_a_row_say_that_they_took_five_seconds(running: Running) -> None:
    ran = running("workshop/in_a_row.py")
    assert 5 <= ran.figure <= ran.seconds


@at_best()
def test_five_tasks_at_once_say_that_they_took_one_second() -> None:
    ran = run("workshop/at_once.py")
    assert 1 <= ran.figure <= ran.seconds
    within(5, ran.figure)  # the five waits in a row


def test_a_clock_goes_on_while_a_person_thinks() -> None:
    readme = (ROOT / "workshop" / "README.md").read_text()
    with subprocess.Popen(
        [*PYTHON, "-u", f"workshop/{PERSON}.py"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        said = [process.stdout.readline() for _ in range(3)]  # whoever answers has seen the clock tick twice
        process.stdin.write("soup\n")
        process.stdin.flush()
        last = [line for line in process.stdout if line != "tick\n"]
    assert process.returncode == 0
    assert f"$ python workshop/{PERSON}.py\n{''.join(said)}soup\n{''.join(last)}```" in readme


def test_as_many_tasks_run_in_a_row_as_at_once() -> None:
    assert in_a_row.TASKS == at_once.TASKS == len(NUMBERS)


@pytest.mark.parametrize("name", [*FILES, *SERVICES, PERSON])
def test_importing_it_does_nothing(name: str) -> None:
    done = subprocess.run(
        [*PYTHON, "-c", f"import workshop.{name}"], cwd=ROOT, capture_output=True, check=True, timeout=60
    )
    assert (done.stdout, done.stderr) == (b"", b"")


@pytest.mark.usefixtures("heard")
@every_file
@at_best()
def test_a_program_ends_quietly_on_ctrl_c(name: str) -> None:
    command = [*PYTHON, "-u", f"workshop/{name}.py"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        printed = [first.rstrip("\n"), *process.stdout.read().splitlines()]
        errors = process.stderr.read()
    lines, _ = FILES[name]
    if len(printed) == len(lines):
        raise TooLate("it ended before Ctrl-C")
    assert (process.returncode, errors) == (130, "")
    assert printed == lines[: len(printed)]
