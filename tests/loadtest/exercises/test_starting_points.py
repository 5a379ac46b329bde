"""The files of the tasks, and their copies in a learner's folder."""

import os
from pathlib import Path

import pytest

from backing import BackingFailed
from loadtest.exercises.tasks import TASKS, WORKSHOP, check, start, task


def test_every_lesson_has_a_task_with_a_brief_and_hints() -> None:
    assert [*TASKS] == [*range(1, 14)]
    for each in TASKS.values():
        assert "\nTask: " in each.brief
        assert len(each.hints) == 3


@pytest.mark.parametrize("kind", ["tasks", "solutions"])
def test_every_file_belongs_to_a_task_and_has_at_most_forty_lines(kind: str) -> None:
    files = sorted((WORKSHOP / kind).glob("*.py"))
    assert [each.name for each in files] == [each.file for each in TASKS.values()]
    assert {each.name: n for each in files if (n := len(each.read_text().splitlines())) > 40} == {}


def test_a_starting_point_is_copied_into_a_new_folder(tmp_path: Path) -> None:
    copy = start(5, tmp_path / "mine")
    assert copy == tmp_path / "mine" / "05_careless.py"
    assert copy.read_text() == (WORKSHOP / "tasks" / "05_careless.py").read_text()


def test_a_file_that_exists_is_never_overwritten(tmp_path: Path) -> None:
    start(5, tmp_path).write_text("mine")
    with pytest.raises(ValueError, match=r"05_careless\.py exists and is not overwritten"):
        start(5, tmp_path)
    assert (tmp_path / "05_careless.py").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"file/mine/05_careless\.py cannot be written: Not a directory\."):
        start(5, tmp_path / "file" / "mine")


def test_a_number_without_a_task_is_refused() -> None:
    with pytest.raises(ValueError, match=r"There is no task 14: the tasks are numbered from 1 to 13\."):
        task(14)


def test_a_database_that_cannot_be_used_is_no_fault_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "no such database")
    with pytest.raises(BackingFailed, match="The database that DATABASE_URL names cannot be used: missing"):
        check(7, WORKSHOP / "solutions" / "07_database.py")


def test_a_file_that_never_ends_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    with pytest.raises(ValueError, match=r"pipe\.py cannot be read: it is not a regular file\."):
        check(5, tmp_path / "pipe.py")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.py cannot be read: No such file or directory\."):
        check(5, tmp_path / "none.py")
