"""Tests of the command `report`: the files it writes and opens, and its one-sentence errors."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from loadtest.cli.gate import BROKEN
from loadtest.cli.main import main
from loadtest.results.schema import SCHEMA, Results, save
from loadtest.verdict.before_after import MEASURE_AGAIN, TOO_FEW_REPEATS
from loadtest.workload.closed import Closed
from tests.loadtest.support.fabricated import not_run, results, step
from tests.loadtest.support.stalled import stalls, watched
from tests.support.stalls import eventually

pytestmark = pytest.mark.slow

SCRIPT = Path(sys.executable).with_name("sync-vs-async")

RUN = results([step("stranger", users) for users in (1, 10)])
AFTER = results([step("stranger", users, 0.2) for users in (1, 10)])
"""Two runs of a target: a target reports nothing about its requests, so these reports are drawn fastest."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the results of a run."""
    return save(RUN, tmp_path / "run").parent


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a fake browser, and return the file in which it logs each URL that it should open."""
    shown = tmp_path / "shown"
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" >> {shown}\n')
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(program))
    return shown


def report(*arguments: object) -> list[str]:
    """Run the command in a new process, which has not looked for a browser yet, and return its lines of output."""
    ran = subprocess.run(
        [SCRIPT, "report", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.stderr == ""
    assert ran.returncode == 0
    return ran.stdout.splitlines()


def last_lines(capsys: pytest.CaptureFixture[str], lines: int = 1) -> list[str]:
    """Return the last lines of the output."""
    return capsys.readouterr().out.splitlines()[-lines:]


def refused(capsys: pytest.CaptureFixture[str], *arguments: object, says: str = "") -> str:
    """Run the command, check that it fails with one line on standard error, and return the message.

    `says`: what standard output begins with.
    """
    with pytest.raises(SystemExit) as ended:
        main(["report", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert ended.value.code == 1
    assert out.startswith(says)
    assert bool(out) == bool(says)
    program, _, complaint = err.partition(": ")
    assert program in ("sync-vs-async", "sync-vs-async report")
    assert err.count("\n") == 1
    return complaint.rstrip("\n")


def drawn(*arguments: object) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["report", *map(str, arguments)])
    assert ended.value.code == 0


def found(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def read_when_written(path: Path) -> str:
    eventually(lambda: path.exists() and path.read_text().endswith("\n"))
    return path.read_text()


@pytest.mark.parametrize("named", ["", "results.json"])
def test_the_report_lies_beside_its_results_and_its_place_is_printed(
    folder: Path, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn(folder / named)
    assert last_lines(capsys) == [str(folder / "report.html")]
    assert found(folder) == ["report.html", "results.json"]
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_report_is_drawn_through_the_pointer_to_the_newest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn(folder.parent / "latest")
    assert last_lines(capsys) == [str(folder.parent / "latest" / "report.html")]
    assert found(folder) == ["report.html", "results.json"]


def test_a_report_takes_the_place_of_an_older_one(folder: Path) -> None:
    (folder / "report.html").write_text("old")
    drawn(folder)
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("out", ["mine.html", "new/folder/mine.html"])
def test_a_report_goes_where_it_is_wanted(folder: Path, out: str, capsys: pytest.CaptureFixture[str]) -> None:
    drawn(folder, "--out", folder.parent / out)
    assert last_lines(capsys) == [str(folder.parent / out)]
    assert (folder.parent / out).exists()
    assert found(folder) == ["results.json"]


def test_a_report_is_opened_where_that_is_wanted(folder: Path, browser: Path) -> None:
    told = report(folder, "--open")
    assert told[-1] == str(folder / "report.html")
    assert read_when_written(browser).splitlines() == [(folder / "report.html").resolve().as_uri()]


def test_the_report_of_two_runs_is_opened_where_that_is_wanted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    after = save(AFTER, folder.parent / "after & later").parent
    shown: list[str] = []

    def show(address: str) -> bool:
        shown.append(address)
        return True

    monkeypatch.setattr("webbrowser.open", show)
    drawn(folder, after, "--open")
    assert shown == [(after / "before-after.html").as_uri()]


def test_nothing_is_opened_unasked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webbrowser.open", lambda _: pytest.fail("nobody asked for it"))
    drawn(folder)


def test_a_browser_that_is_not_there_is_told_and_no_failure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER", "/no/such/browser")
    monkeypatch.setenv("PATH", "/no/such/folder")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert report(folder, "--open")[-2:] == ["No browser could be opened.", str(folder / "report.html")]


def test_a_trace_is_written_beside_the_report(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn(folder, "--trace")
    assert last_lines(capsys, 2) == [str(folder / "trace.json"), str(folder / "report.html")]
    assert found(folder) == ["report.html", "results.json", "trace.json"]
    assert len(json.loads((folder / "trace.json").read_text())["traceEvents"]) > 50


def test_a_run_that_watched_loops_is_told_by_what_held_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = save(watched(stalls()), tmp_path / "run").parent
    with pytest.raises(SystemExit) as ended:
        main(["report", str(folder), "--require", "stalls<10ms"])
    assert ended.value.code == BROKEN
    told = capsys.readouterr().out
    assert told.startswith("requests.get in shop/app.py:57 (stock) holds the loop 41 ms a request: at most 24.4 ")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert '<section class="picture first" id="strips"' in page
    assert refused(capsys, folder, "--require", "p99<1s") == (
        "The command stalls can only require stalls; got 'p99<1s'."
    )


def test_two_runs_are_drawn_beside_the_later_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    after = save(AFTER, folder.parent / "after").parent
    drawn(folder, after)
    told = " ".join(capsys.readouterr().out.split())
    assert told.startswith(
        f"{TOO_FEW_REPEATS} {MEASURE_AGAIN} sync-vs-async compare --repeats 6 Before and after: delay"
    )
    assert "stranger 10 throughput, requests/s 100.0 50.0 0.500 - cannot be told: one repeat" in told
    assert told.endswith(f" {after / 'before-after.html'}")
    assert (found(folder), found(after)) == (["results.json"], ["before-after.html", "results.json"])


def test_two_runs_of_one_repeat_are_told_to_tell_nothing_before_they_are_drawn(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def draw(*_arguments: object) -> Path:
        said.append(capsys.readouterr().out)
        return folder

    monkeypatch.setattr("loadtest.report.write.write_before_after", draw)
    drawn(folder, folder)
    assert [" ".join(each.split()).startswith(TOO_FEW_REPEATS) for each in said] == [True]


@pytest.mark.parametrize(
    "run",
    [
        results([]),
        results([not_run("flask", 400)]),
        results([step("stranger", 1)]).model_copy(update={"complete": False}),
    ],
    ids=["no step", "nothing run", "a target, interrupted"],
)
def test_a_run_with_next_to_nothing_in_it_is_drawn_all_the_same(run: Results, tmp_path: Path) -> None:
    folder = save(run, tmp_path / "run").parent
    drawn(folder, "--trace")
    assert found(folder) == ["report.html", "results.json", "trace.json"]


def test_three_runs_are_too_many(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    complaint = refused(capsys, folder, folder, folder)
    assert complaint == "report takes one results file, or two to compare; got 3."
    assert found(folder) == ["results.json"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["{run}", "{run}", "--trace"], "--trace takes one results file."),
        (["{run}/nothing.json"], "There is no file '{run}/nothing.json'."),
        (["{run}/.."], "There is no file '{run}/../results.json'."),
        (["{run}", "{run}/nothing"], "There is no file '{run}/nothing'."),
        ([""], "There is no file 'results.json'."),
        ([], "Missing argument 'RESULTS...'."),
        (["{run}", "--out", "/dev/null/x/report.html"], "--out '/dev/null/x' cannot be written to: Not a directory."),
        (["{run}", "--out", "/dev/null/report.html"], "--out '/dev/null' cannot be written to: File exists."),
        (["{run}", "--out", "/proc/report.html"], "--out '/proc' cannot be written to: "),
        (["{run}", "--scenario", "query"], "No such option '--scenario'."),
    ],
)
def test_a_mistake_is_one_clear_line_and_status_1(
    folder: Path,
    arguments: list[str],
    complaint: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder.parent)
    told = refused(capsys, *(each.format(run=folder) for each in arguments))
    assert told.startswith(complaint.format(run=folder))
    assert found(folder) == ["results.json"]


def test_a_folder_is_no_file_to_draw_into(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, folder, "--out", folder) == f"--out takes a file; {str(folder)!r} is a folder."
    assert found(folder) == ["results.json"]


@pytest.mark.parametrize("place", [0, 1])
def test_no_results_are_drawn_over(folder: Path, place: int, capsys: pytest.CaptureFixture[str]) -> None:
    after = save(AFTER, folder.parent / "after").parent
    read = [folder / "results.json", after / "results.json"]
    before = [path.read_bytes() for path in read]
    assert refused(capsys, *read, "--out", read[place]).endswith("would be overwritten; choose another --out.")
    assert [path.read_bytes() for path in read] == before


def test_no_trace_is_written_over_the_results_that_it_shows(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = (folder / "results.json").rename(folder / "trace.json")
    assert refused(capsys, named, "--trace").endswith("would be overwritten; choose another --out.")
    assert found(folder) == ["trace.json"]


def test_results_are_known_by_what_they_are_and_not_by_their_name(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "report.html").hardlink_to(folder / "results.json")
    assert refused(capsys, folder).endswith("would be overwritten; choose another --out.")


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("scenario", {"scenario": "query"}),
        ("delay", {"delay": "250ms"}),
        ("think", {"loads": [Closed(load.most_in_flight, 1.5) for load in AFTER.options.loads]}),
    ],
)
def test_runs_that_asked_for_different_things_are_refused(
    folder: Path, name: str, changes: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    other = AFTER.model_copy(update={"options": AFTER.options.model_copy(update=changes)})
    after = save(other, folder.parent / "after").parent
    assert refused(capsys, folder, after).startswith(f"The runs cannot be compared: their {name} is ")
    assert found(after) == ["results.json"]


SOUND: dict[str, Any] = json.loads(RUN.model_dump_json())


def unsound(*path: str | int, value: Any) -> str:
    """Return the results as JSON with one value changed."""
    copy = json.loads(json.dumps(SOUND))
    place = copy
    for each in path[:-1]:
        place = place[each]
    place[path[-1]] = value
    return json.dumps(copy)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "the file: Invalid JSON: EOF"),
        (RUN.model_dump_json()[:-100], "the file: Invalid JSON: EOF"),
        ("<html>", "the file: Invalid JSON: "),
        ("\x00", "the file: Invalid JSON: "),
        ("[]", "the file: Input should be an object"),
        ("null", "the file: Input should be an object"),
        ("{}", "schema_version: Field required"),
        (unsound("schema_version", value="x"), "schema_version: Input should be a valid integer"),
        (unsound("contenders", value="flask"), "contenders: Input should be a valid "),
        (
            unsound("steps", 0, "load", "users", value="many"),
            "steps.0.load.closed.users: Input should be a valid integer",
        ),
        (
            unsound("steps", 0, "measured", "seconds", value=None),
            "steps.0.measured.seconds: Input should be a valid number",
        ),
        (
            unsound("steps", 0, "measured", "seconds", value=float("nan")),
            "steps.0.measured.seconds: Input should be a finite",
        ),
        (unsound("steps", 0, "measured", "response_ms", value=float("inf")), "steps.0.measured.response_ms: Input "),
        (
            unsound("steps", 0, "measured", "first", 0, 1, value=float("nan")),
            "steps.0.measured.first.0.1: Input should be ",
        ),
        (unsound("steps", 0, "measured", "latency", value={"x": 1}), "steps.0.measured.latency.x"),
        (
            unsound("steps", 0, "measured", "requests", value=10**400),
            "steps.0.measured.requests: numbers go up to 1e+15.",
        ),
        (unsound("steps", 0, "measured", "first", value=[[]]), "steps.0.measured.first.0"),
        (unsound("steps", 0, "service", value="nobody"), "the file: steps of unknown services: nobody."),
        (unsound("contenders", 0, "kind", value="<script>"), "contenders.0.kind: Input should be 'blocking', "),
    ],
)
def test_what_is_no_results_file_is_refused_and_an_old_report_stays(
    folder: Path, text: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "report.html").write_text("old")
    (folder / "results.json").write_text(text)
    told = refused(capsys, folder, "--trace")
    assert told.startswith(f"{folder / 'results.json'} is not a results file of schema version {SCHEMA}: {complaint}")
    assert (folder / "report.html").read_text() == "old"
    assert found(folder) == ["report.html", "results.json"]


@pytest.mark.parametrize("version", [1, SCHEMA - 1, SCHEMA + 1])
def test_a_file_of_another_schema_version_is_refused_in_one_sentence_and_an_old_report_stays(
    folder: Path, version: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "report.html").write_text("old")
    (folder / "results.json").write_text(unsound("schema_version", value=version))
    assert refused(capsys, folder) == (
        f"{folder / 'results.json'} is of schema version {version}; this version reads {SCHEMA}: run compare again."
    )
    assert (folder / "report.html").read_text() == "old"


@pytest.mark.parametrize("place", [0, 1])
def test_where_one_of_two_results_cannot_be_read_nothing_is_drawn(
    folder: Path, place: int, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = folder.parent / "broken.json"
    broken.write_text("{}")
    files = [folder / "results.json", folder / "results.json"]
    files[place] = broken
    assert refused(capsys, *files).startswith(f"{broken} is not a results file")
    assert found(folder.parent) == ["broken.json", "latest", "run"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (unsound("options", "scenario", value="<script>"), "options.scenario: unknown scenario '<script>'."),
        (
            unsound("steps", 0, "load", "users", value=0),
            "steps.0.load.closed.users: Input should be greater than or equal",
        ),
        (unsound("steps", 0, "measured", "seconds", value=0), "steps.0.measured.seconds: Input should be greater than"),
        (unsound("contenders", 0, "name", value="a\nb"), "contenders.0.name: the name 'a\\nb' cannot be printed."),
    ],
    ids=["scenario", "users", "seconds", "name"],
)
def test_what_no_run_can_have_measured_is_refused_as_well(
    folder: Path, text: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "results.json").write_text(text)
    assert complaint in refused(capsys, folder)


@pytest.mark.parametrize("name", [None, "report.html"])
def test_a_report_that_cannot_be_finished_is_told_in_one_sentence_and_leaves_the_old_one(
    folder: Path, name: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "report.html").write_text("old")

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device", name)

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        told = refused(capsys, folder, says="At ")
    assert told == f"{name or 'The report'} cannot be written: No space left on device."
    assert (folder / "report.html").read_text() == "old"
    assert found(folder) == ["report.html", "results.json"]


def test_a_report_that_has_no_room_beside_its_results_is_told_in_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "report.html").mkdir()
    assert refused(capsys, folder, says="At ").endswith("cannot be written: Is a directory.")
    assert found(folder) == ["report.html", "results.json"]


def test_a_summary_is_all_that_stands_on_standard_output(folder: Path) -> None:
    after = save(AFTER, folder.parent / "after").parent
    for paths, runs in (([folder], ["delay"]), ([folder, after], ["before", "after"])):
        ran = subprocess.run(
            [SCRIPT, "report", *paths, "--as-json"], capture_output=True, text=True, check=True, timeout=60
        )
        told = json.loads(ran.stdout)
        assert [*told["runs"]] == runs
        assert told["status"] == 0
        assert told["headline"]
        assert told["headline"] in " ".join(ran.stderr.split())
        assert [Path(path).exists() for path in told["files"]] == [True]
        assert bool(told["changes"]) == (len(paths) == 2)
