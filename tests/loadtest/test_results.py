import json
import os
from pathlib import Path
from typing import Any

import pytest

from loadtest.results import load, save
from tests.loadtest.fabricated import contender, measured, not_run, results, step, stuck

RUN = results(
    [
        step("flask", 1, measured=measured(latency={0.123: 1, 99.9: 7, 1230.0: 2}, per_second={1: 5, 2: 5})),
        step("flask", 50, doubts=["a doubt with “quotes” and \N{SNOWMAN}"]),
        not_run("flask", 400),
        stuck("flask", 5, succeeded=1),
        step("stranger", 1, predicted=None, measured=measured(server_cpu=None, busiest_cpu=None, memory=None)),
    ]
)


def changed(**changes: Any) -> str:
    return json.dumps({**json.loads(RUN.model_dump_json()), **changes})


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    path = save(RUN, tmp_path / "now")
    assert path == tmp_path / "now" / "results.json"
    assert load(path) == RUN


def test_the_file_is_readable_json_with_its_schema_version_first(tmp_path: Path) -> None:
    text = save(RUN, tmp_path / "now").read_text(encoding="utf-8")
    assert next(iter(json.loads(text))) == "schema_version"
    assert text.endswith("}\n")


def test_latest_points_to_the_newest(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save(RUN, tmp_path / name)
        assert os.readlink(tmp_path / "latest") == name  # relative, so that the folder can be moved
        assert load(tmp_path / "latest" / "results.json") == RUN
    assert sorted(each.name for each in tmp_path.iterdir()) == ["latest", "one", "two"]


def test_nothing_but_the_results_is_left_in_their_folder(tmp_path: Path) -> None:
    save(RUN, tmp_path / "now")
    assert [each.name for each in (tmp_path / "now").iterdir()] == ["results.json"]


@pytest.mark.parametrize(
    ("name", "scenario"),
    [("flask", "ask"), ("aiohttp", "ask"), ("flask-threads", "query"), ("aiohttp", "mixed"), ("aiohttp", "file")],
)
def test_what_was_foretold_can_be_read_again(tmp_path: Path, name: str, scenario: str) -> None:
    known = contender(name, scenario)
    run = RUN.model_copy(update={"contenders": [known]})
    (read,) = load(save(run, tmp_path / "now")).contenders
    assert read == known
    assert (read.load is None) == (scenario == "file")
    assert read.environment == {"POOL_SIZE": "10"}


@pytest.mark.parametrize("fails", ["os.fsync", "pathlib.Path.replace"])
def test_a_write_that_fails_leaves_no_results_and_the_old_latest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    save(RUN, tmp_path / "old")

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(fails, full)
        with pytest.raises(OSError, match="No space left"):
            save(RUN, tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
    assert os.readlink(tmp_path / "latest") == "old"


def test_a_write_that_fails_leaves_the_results_that_were_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(RUN, tmp_path / "now")

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    interrupted = RUN.model_copy(update={"complete": False})
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            save(interrupted, tmp_path / "now")
    assert load(path) == RUN


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "the file: Invalid JSON: EOF while parsing"),
        (RUN.model_dump_json()[:1000], "the file: Invalid JSON: EOF while parsing"),
        ("not json", "the file: Invalid JSON: expected ident"),
        ("[]", "the file: Input should be an object"),
        ("{}", "schema_version: Field required"),
        (changed(schema_version=3), "schema_version: Input should be less than or equal to 2"),
        (changed(schema_version=1), "schema_version: Input should be greater than or equal to 2"),
        (changed(verdict="a later version's"), "verdict: Extra inputs are not permitted"),
        (changed(steps=[{}]), "steps.0.service: Field required"),
        (changed(complete=None), "complete: Input should be a valid boolean"),
    ],
    ids=["empty", "truncated", "text", "list", "object", "newer", "older", "extra", "step", "null"],
)
def test_what_is_no_results_file_is_one_clear_error(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="is not a results file") as refusal:
        load(path)
    told = str(refusal.value)
    assert told.startswith(f"{path} is not a results file of schema version 2: {complaint}")
    assert "\n" not in told


def test_the_files_of_version_1_are_refused_for_their_version_and_not_for_what_they_lack(tmp_path: Path) -> None:
    older = json.loads(changed(schema_version=1))
    for known in older["contenders"]:
        del known["load"], known["environment"]
    for each in older["steps"]:
        if each["predicted"]:
            each["predicted"]["saturated"] = each["predicted"].pop("bound") != "users"
    del older["options"]["scenario"]
    path = tmp_path / "results.json"
    path.write_text(json.dumps(older), encoding="utf-8")
    with pytest.raises(ValueError, match="is not a results file") as refusal:
        load(path)
    assert str(refusal.value) == (
        f"{path} is not a results file of schema version 2: schema_version: Input should be greater than or equal to 2."
    )


def test_bytes_that_are_no_text_are_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="is not a results file of schema version 2: the file: Invalid JSON"):
        load(path)
