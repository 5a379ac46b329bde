"""`sync-vs-async lesson` as a learner uses it."""

import os
import pty
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from loadtest.cli.lesson import answered
from loadtest.cli.main import main
from loadtest.lessons import recorded
from loadtest.lessons.catalogue import LESSONS
from tests.loadtest.support.commands import SCRIPT, WITHIN

NUMBERS = {lesson.slug: number for number, lesson in enumerate(LESSONS, 1)}


Lesson = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def lesson(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Lesson:
    """Return a function that runs the command in this process, with a folder of its own and without a terminal."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        with pytest.raises(SystemExit) as ended:
            main(["lesson", "--folder", str(tmp_path), *arguments])
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return subprocess.CompletedProcess([], ended.value.code, out, err)

    return run


def process(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process, with a folder of its own and without a terminal."""
    return subprocess.run(
        [SCRIPT, "lesson", "--folder", str(folder), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )


@pytest.mark.slow
def test_a_wrong_number_is_measured_and_its_misconception_is_named(tmp_path: Path) -> None:
    ran = process(tmp_path, str(NUMBERS["people"]), "--guess", "4")
    assert (ran.returncode, ran.stderr) == (3, "")
    assert "yours 4 | model 5 | measured 5 threads: not within 5%" in ran.stdout
    assert "You forgot the answers" in ran.stdout
    assert re.search("4 threads: [0-3] of 4 answered; 5 threads: 4 of 4 answered.", ran.stdout)
    assert not [*tmp_path.iterdir()]


def test_a_right_number_is_remembered(lesson: Lesson) -> None:
    ran = lesson("2", "--guess", "10/s", "--recorded")
    assert ran.returncode == 0
    assert "yours 10 | model 10 | measured" in ran.stdout
    assert "The measurement was recorded on" in ran.stdout
    listed = lesson()
    assert listed.returncode == 0
    assert [line.split()[-2:] for line in listed.stdout.splitlines()[3:5]] == [["-", "-"], ["yes", "-"]]
    assert re.search("Next: .*sync-vs-async lesson 1 ", listed.stdout)


@pytest.mark.slow
def test_a_learner_without_a_terminal_is_never_asked(tmp_path: Path) -> None:
    ran = process(tmp_path, "3")
    assert ran.returncode == 1
    assert "--guess NUMBER" in ran.stderr
    assert LESSONS[2].question.sentence[:40] in ran.stdout


@pytest.mark.slow
def test_a_learner_with_closed_input_is_never_asked(tmp_path: Path) -> None:
    ran = subprocess.run(
        ["sh", "-c", f"exec {SCRIPT} lesson 3 --folder . <&-"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith("sync-vs-async: There is no terminal to ask for a number")


def test_a_lesson_without_a_recorded_run_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "FILE", tmp_path / "none.json")
    with pytest.raises(ValueError, match="There is no recorded run of lesson 3"):
        answered(3, LESSONS[2], 80, tmp_path, is_recorded=True)


@pytest.mark.slow
def test_a_learner_at_a_terminal_is_asked_until_there_is_a_number(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    with subprocess.Popen(
        [SCRIPT, "lesson", "2", "--recorded", "--folder", str(tmp_path)],
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        os.write(master, b"many\n20\n")
        said, _ = process.communicate(timeout=WITHIN)
    os.close(master)
    os.close(slave)
    assert process.returncode == 3
    assert "A prediction is a number from 0 to 1,000,000, such as 20 or 2.5." in said
    assert "they are the same thing" in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["14"], "There is no lesson '14'"),
        (["2", "--guess", "nan"], "A prediction is a number"),
        (["2", "--guess", "-1"], "A prediction is a number"),
        (["2", "--guess", "1e999"], "A prediction is a number"),
        (["2", "--guess", "10", "--start"], "Only one at a time"),
        (["2", "--hint", "--check"], "Only one at a time"),
        (["2", "--check"], "cannot be read"),
    ],
)
def test_a_mistake_is_said_in_one_sentence(lesson: Lesson, arguments: list[str], sentence: str) -> None:
    ran = lesson(*arguments)
    assert ran.returncode == 1
    assert sentence in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_hints_come_one_at_a_time_and_the_starting_point_is_never_overwritten(lesson: Lesson, tmp_path: Path) -> None:
    assert lesson("5", "--start").returncode == 0
    (file,) = tmp_path.glob("05_*.py")
    file.write_text("# mine\n")
    again = lesson("5", "--start")
    assert (again.returncode, file.read_text()) == (1, "# mine\n")
    hints = [lesson("5", "--hint").stdout for _ in range(4)]
    assert [each.split(":")[0] for each in hints[:3]] == ["Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3"]
    assert "workshop/solutions/05" in hints[3]
    assert f"--folder {tmp_path}" in lesson("6", "--start").stdout
