"""What a learner has done is kept in a file of the learner's own."""

from pathlib import Path

import pytest

from loadtest.lessons.done import FILE, Done, read, write


def test_nothing_is_done_without_a_file(tmp_path: Path) -> None:
    assert read(tmp_path / "none") == Done()


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    done = Done().answering("slots").repairing("threads").hinting("slots").hinting("slots")
    write(tmp_path / "new", done)
    assert read(tmp_path / "new") == Done(frozenset({"slots"}), frozenset({"threads"}), {"slots": 2})


@pytest.mark.parametrize("text", ["", "[]", '{"answered": 3}', "\x00", '{"todo": []}', '{"hints": {"slots": -1}}'])
def test_another_file_is_refused_with_a_sentence_and_left_as_it_is(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ValueError, match="delete it to begin anew"):
        read(tmp_path)
    assert (tmp_path / FILE).read_text() == text
