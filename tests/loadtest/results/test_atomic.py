import os
from pathlib import Path

import pytest

from loadtest.results.atomic import write


def test_a_file_is_written_in_place_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for text in ("old", "new \N{SNOWMAN}\n"):
        assert write(path, text) == path
        assert path.read_text(encoding="utf-8") == text
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("fails", ["os.fsync", "pathlib.Path.replace"])
@pytest.mark.parametrize("old", ["old", None])
def test_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str, old: str | None
) -> None:
    path = tmp_path / "file"
    if old is not None:
        write(path, old)

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(fails, full)
        with pytest.raises(OSError, match="No space left"):
            write(path, "new")
    assert [each.read_text() for each in tmp_path.iterdir()] == ([] if old is None else [old])


def test_a_write_that_is_interrupted_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "file", "old")

    def interrupted(_file: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write(path, "new")
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]


def test_text_that_no_file_can_hold_is_not_begun(tmp_path: Path) -> None:
    path = write(tmp_path / "file", "old")
    with pytest.raises(UnicodeEncodeError):
        write(path, "half of a pair: \ud800")
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]


def test_a_folder_stays_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write(tmp_path / "folder", "new")
    assert [each.is_dir() for each in tmp_path.iterdir()] == [True]


def test_where_there_is_no_folder_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "folder" / "file", "new")
    assert list(tmp_path.iterdir()) == []
