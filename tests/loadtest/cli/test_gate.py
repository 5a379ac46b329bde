"""The gate for CI on `compare`, `capacity` and `report`: mistakes, files, and exit statuses."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import pytest

from backing.environment import Backing
from loadtest.cli.main import main
from loadtest.measure.capacity import CapacitySearch
from loadtest.measure.comparison import NOTHING, Comparison, Progress
from loadtest.processes.service import ServiceFailed
from loadtest.results.capacity import Capacity
from loadtest.results.schema import Results, load, save
from loadtest.results.suite import save_all
from tests.loadtest.support.capacities import capacity
from tests.loadtest.support.comparisons import SCRIPT
from tests.loadtest.support.fabricated import lineup_of, results, step
from tests.loadtest.support.servers import absent

OLD_NEW = ("--services", "flask,aiohttp")


def status(*arguments: object) -> int:
    """Run a command in this process, and return its exit status."""
    with pytest.raises(SystemExit) as ended:
        main([str(each) for each in arguments])
    code = ended.value.code
    assert isinstance(code, int)
    return code


def counts(junit: Path) -> tuple[str | None, ...]:
    suite = ElementTree.parse(junit).getroot()[0]
    return tuple(suite.get(name) for name in ("tests", "failures", "errors", "skipped"))


def reasons(junit: Path) -> set[str | None]:
    return {each.get("message") for each in ElementTree.parse(junit).getroot().iter("error")}


def test_a_mistake_is_one_line_and_nothing_is_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in ("compare", "capacity"):
        monkeypatch.setattr(import_module(f"loadtest.cli.{command}"), "run_all", lambda *_, **__: pytest.fail("it ran"))
    run = save(results([step("flask", 10), step("aiohttp", 10)]), tmp_path / "run")
    suite = save_all(lineup_of(["flask"]), tmp_path / "lineup")
    before = run.read_bytes()
    fine = ("--require", "p99<1s")
    for arguments, complaint in (
        (("compare", "--require", "p99"), "a requirement reads like p99<500ms, "),
        (("compare", *OLD_NEW, "--require", "new: p99<1s"), "'new: p99<1s' names 'new', and there are only flask and "),
        (("compare", "--quick", "--require", "p99<2x old"), "'p99<2x old' names 'old', and there are only flask, "),
        (("compare", "--require", "goodput>1"), "'goodput>1' needs a run with --deadline."),
        (("compare", "--require", "capacity>1"), "Only the command capacity finds a capacity; got 'capacity>1'."),
        (("capacity", *fine), "A search for capacity goes beyond it, and can only require capacity; "),
        (("report", run, "--require", "x: p99<1s"), "'x: p99<1s' names 'x', and there are only flask and aiohttp."),
        (("report", run, run, "--require", "p99<2x flask"), "'p99<2x flask' names 'flask', and there is only before."),
        (("report", run, *fine, "--junit", run), f"{run} would be overwritten."),
        *(
            ((*command, "--junit", "j.xml"), "--junit needs --require: it has one test for each requirement.")
            for command in (("compare",), ("capacity",), ("report", run))
        ),
        (("report", suite, *fine), "--require needs the results of compare or capacity, not of lineup or map."),
        (("report", suite, "--markdown", "m.md"), "--markdown needs the results of compare or capacity, not of "),
        (("compare", "--markdown", "no/m.md"), "--markdown 'no/m.md' cannot be written: No such file or directory."),
        (("compare", "--markdown", tmp_path), f"--markdown takes a file; got {str(tmp_path)!r}."),
        (("compare", "--markdown", ""), "--markdown takes a file; got ''."),
        (("compare", *fine, "--junit", "/proc/j.xml"), "--junit '/proc/j.xml' cannot be written: "),
        (("compare", *fine, "--junit", "x", "--markdown", "x"), "--junit and --markdown take a file each; got 'x' twi"),
    ):
        assert status(*arguments) == 1, arguments
        out, err = capsys.readouterr()
        assert err.partition(": ")[2].startswith(complaint), err
        assert (out, err.count("\n")) == ("", 1)
    assert run.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["latest", "lineup", "run"]


class Ended(Comparison):
    """A comparison that has these steps, or ends early."""

    ends: BaseException | None = None
    took = 0.2

    def run(self, progress: Progress, behind: Backing = NOTHING) -> None:
        assert behind == NOTHING
        progress.found("it begins")
        if self.ends:
            raise self.ends
        self.steps += [step("flask", 10, self.took, repeat=number) for number in (1, 2)]


def test_the_requirements_decide_the_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(import_module("loadtest.cli.compare"), "Comparison", Ended)
    monkeypatch.setattr(import_module("loadtest.cli.compare"), "draw_comparison", lambda *_, **__: [])
    junit, summary = tmp_path / "junit.xml", tmp_path / "summary.md"
    run = ("compare", "--services", "flask", "--users", "10", "--out", tmp_path / "results", "--markdown", summary)
    for ends, requirements, ended, counted, said in (
        (None, ("p50<300ms", "errors<1%"), 0, ("2", "0", "0", "0"), "2 are met."),
        (None, ("p50<300ms", "p50<100ms", "p99.9<1s"), 3, ("3", "1", "1", "0"), "1 is broken, 1 cannot be told, 1 is "),
        (None, ("p50<300ms", "p99.9<1s"), 2, ("2", "0", "1", "0"), "1 cannot be told, 1 is met."),
        (KeyboardInterrupt(), ("p50<1ms",), 2, ("1", "0", "1", "0"), "1 cannot be told."),
        (ServiceFailed("flask has exited."), ("p50<1ms",), 1, ("1", "0", "1", "0"), "1 cannot be told."),
    ):
        monkeypatch.setattr(Ended, "ends", ends)
        asked = [word for each in requirements for word in ("--require", each)]
        assert status(*run, *asked, "--junit", junit) == ended, requirements
        assert counts(junit) == counted
        assert said in " ".join(capsys.readouterr().out.split())
        assert said in " ".join(summary.read_text().split())
        junit.unlink()
    assert status(*run) == 1
    assert "requirement" not in summary.read_text()


def test_the_requirements_of_a_run_are_kept_and_drawn_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(import_module("loadtest.cli.compare"), "Comparison", Ended)
    run = ("compare", "--services", "flask", "--users", "10", "--out", tmp_path, "--require", "p50<100ms")
    assert status(*run, "--require", " flask: errors<1%", "--require", "p50<100ms") == 3
    (file,) = tmp_path.glob("2*/results.json")
    kept: Results = load(file)
    assert kept.options.requirements == ["p50<100ms", "flask: errors<1%"]
    page = file.with_name("report.html")
    told = "<li>p50&lt;100ms, flask at 10 users: broken (200 ms)</li>"
    assert told in page.read_text()
    page.unlink()
    capsys.readouterr()
    assert status("report", file) == 0
    assert "Requirements" not in capsys.readouterr().out
    assert told in page.read_text()
    assert status("report", file, "--require", "p50<300ms") == 0
    assert "met: 200 ms" in " ".join(capsys.readouterr().out.split())
    assert "p50&lt;300ms, flask at 10 users: met" in page.read_text()
    assert told not in page.read_text()


def test_two_runs_are_held_against_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def saved(name: str, *responses: float) -> Path:
        steps = [step("stranger", 10, each, repeat=number) for number, each in enumerate(responses, start=1)]
        return save(results(steps), tmp_path / name)

    before, slower = saved("before", 0.1, 0.101), saved("slower", 0.2, 0.201)
    junit = tmp_path / "junit.xml"
    for after, requirement, ended in (
        (before, "throughput>=0.95x before", 0),
        (slower, "throughput>=0.95x before", 3),
        (before, "throughput>=1x before", 2),
        (slower, "p50<300ms", 0),
    ):
        assert status("report", before, after, "--require", requirement, "--junit", junit) == ended
        assert counts(junit)[0] == "1"
    assert "stranger at 10 users is slower: 99.5/s before, 49.9/s after" in " ".join(capsys.readouterr().out.split())
    page = (tmp_path / "slower" / "before-after.html").read_text()
    assert "p50&lt;300ms, stranger at 10 users: met (200 to 201 ms)" in page


def test_a_run_is_held_against_a_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(import_module("loadtest.cli.compare"), "Comparison", Ended)
    monkeypatch.setattr(import_module("loadtest.cli.compare"), "draw_comparison", lambda *_, **__: [])
    steps = [step("flask", 10, 0.1, repeat=number) for number in (1, 2)]
    earlier, summary = save(results(steps), tmp_path / "earlier"), tmp_path / "summary.md"
    run = ("compare", "--services", "flask", "--users", "10", "--delay", "100ms", "--baseline", earlier)
    asked = ("--require", "p50<300ms", "--require", "throughput>=0.9x before")
    assert status(*run, *asked, "--out", tmp_path / "results", "--markdown", summary) == 3
    assert "That tells less than two services that take turns" in " ".join(capsys.readouterr().out.split())
    told = summary.read_text(encoding="utf-8")
    assert told.index("❌ broken | throughput\\>=0.9x before") < told.index("✅ met | p50\\<300ms")
    assert "- The baseline is another run, at another time." in told
    assert "| flask | 10 users | throughput, requests/s | 100.0 | 50.0 | 0.500 | slower |" in told
    named = ("--services", "none", "--target", "before=http://127.0.0.1:9")
    assert status("compare", *named, "--baseline", earlier, "--out", tmp_path / "results") == 1
    assert capsys.readouterr().err.endswith(
        "With --baseline, before is the name of the earlier run; give the service another one.\n"
    )


def test_a_search_that_cannot_begin_leaves_no_answers_of_an_earlier_one(tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    junit.write_text("of an earlier run")
    asked = ("capacity", "--require", "capacity>1", "--junit", junit, "--out", tmp_path)
    assert status(*asked, "--delay", "500ms", "--slo", "p99<500ms") == 1
    assert counts(junit) == ("1", "0", "1", "0")
    assert reasons(junit) == {
        "cannot be told: --delay must be shorter than what p99<500ms allows; got '500ms'.",
    }


def test_a_search_can_require_a_capacity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Found(CapacitySearch):
        def run(self, progress: Progress, behind: Backing = NOTHING) -> None:
            assert behind == NOTHING
            progress.found("it begins")
            found: Capacity = capacity(95.0, 104.0)
            self._capacities[found.service] = found
            self.steps.append(step("flask", 10))

    monkeypatch.setattr(import_module("loadtest.cli.capacity"), "CapacitySearch", Found)
    run = ("capacity", "--services", "flask", "--out", tmp_path / "results", "--markdown", tmp_path / "summary.md")
    for requirement, ended in (("capacity>=90", 0), ("capacity>=104", 3), ("capacity>=100", 2)):
        assert status(*run, "--require", requirement) == ended
    assert "| ❔ cannot be told | capacity\\>=100 | flask | 95.0 to 104 arrivals/s |" in (
        tmp_path / "summary.md"
    ).read_text(encoding="utf-8")


def test_a_service_that_does_not_answer_is_an_error_in_the_file(tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    junit.write_text("the answers of yesterday")
    with absent() as url:
        asked = ("--services", "none", "--target", f"mine={url}", "--require", "p99<1s", "--require", "mine: errors<1%")
        assert status("compare", *asked, "--junit", junit, "--out", tmp_path) == 1
    assert counts(junit) == ("2", "0", "2", "0")
    (reason,) = reasons(junit)
    assert reason
    assert reason.startswith("cannot be told: mine: ")


def test_a_mistake_is_an_error_in_the_file(tmp_path: Path) -> None:
    junit, config = tmp_path / "junit.xml", tmp_path / "services.toml"
    config.write_text('[service.shop]\nurl = "http://127.0.0.1:9/${NO_SUCH_VARIABLE}"\n')
    asked = ("--require", "p99<1s", "--junit", junit, "--out", tmp_path)
    for arguments, said in (
        (("--config", config), "NO_SUCH_VARIABLE"),
        (("--config", tmp_path / "none.toml"), "none.toml"),
        (("--baseline", tmp_path / "none"), "none"),
    ):
        junit.write_text("the answers of yesterday")
        assert status("compare", *arguments, *asked) == 1
        (reason,) = reasons(junit)
        assert reason
        assert reason.startswith("cannot be told: ")
        assert said in reason


SHOP = """
import http.server, sys, time

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        time.sleep(0.02)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.mark.slow
@pytest.mark.measures
def test_a_run_of_a_service_of_ones_own_meets_breaks_and_leaves_open(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    command = f"'{sys.executable}' shop.py {{port}}"
    (tmp_path / "services.toml").write_text(f'[service.shop]\nrun = "{command}"\n')
    run = (str(SCRIPT), "compare", "--config", "services.toml", "--users", "2", "--seconds", "0.5", "--repeats", "1")
    asked = [word for each in ("p50<10s", "shop: p50<20ms", "p99.9<1s") for word in ("--require", each)]
    done = subprocess.run(
        [*run, "--cores", "shared", *asked, "--junit", "junit.xml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    found = load(tmp_path / "results" / "latest" / "results.json")
    doubts = [doubt for step in found.steps for doubt in step.doubts]  # on a busy machine nothing can be told
    assert (done.returncode, done.stderr) == (2 if doubts else 3, ""), done.stdout
    assert counts(tmp_path / "junit.xml") == (("3", "0", "3", "0") if doubts else ("3", "1", "1", "0"))
    for requirement, ended in (("p50<10s", 0), ("p50<20ms", 3), ("p99.9<1s", 2)):
        again = status("report", tmp_path / "results" / "latest", "--require", requirement)
        assert again == (2 if doubts else ended)
