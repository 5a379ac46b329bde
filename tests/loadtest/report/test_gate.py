"""The files that tell the answers to requirements: JUnit XML, Markdown, and a section of the page."""

from pathlib import Path
from xml.etree import ElementTree

from loadtest.report import junit, markdown
from loadtest.report.comparison import page
from loadtest.results.schema import Results
from loadtest.verdict.gate import judged
from tests.loadtest.support.capacities import probe, searched
from tests.loadtest.support.fabricated import results, step
from tests.loadtest.support.stalled import stalls, watched

REQUIRED = ["p50<150ms", "errors<1%", "memory<1GiB"]
EVIL = "a|b\x1b<&>`*_"


def run() -> Results:
    """Return a run with one requirement that is broken, one that cannot be told, and four that are met."""
    known = results([step("flask", 10, 0.2), step("stranger", 10, 0.1)])
    return known.model_copy(update={"options": known.options.model_copy(update={"requirements": REQUIRED})})


def test_junit_has_a_test_for_each_answer_and_none_is_skipped(tmp_path: Path) -> None:
    results = run()
    path = junit.write(judged(results), tmp_path / "junit.xml", results.started, 61.5)
    suites = ElementTree.parse(path).getroot()
    assert suites.tag == "testsuites"
    (suite,) = suites
    assert suite.tag == "testsuite"
    for each in (suites, suite):
        counts = {name: each.get(name) for name in ("tests", "failures", "errors", "skipped", "time")}
        assert counts == {"tests": "6", "failures": "1", "errors": "1", "skipped": "0", "time": "61.500"}
    assert suite.get("timestamp") == "2026-01-01T00:00:00"
    assert suite.get("name")
    told = [(case.get("classname"), case.get("name"), [each.tag for each in case]) for case in suite]
    assert told == [
        ("flask", "p50<150ms at 10 users", ["failure"]),
        ("stranger", "memory<1GiB at 10 users", ["error"]),
        ("stranger", "p50<150ms at 10 users", []),
        ("flask", "errors<1% at 10 users", []),
        ("stranger", "errors<1% at 10 users", []),
        ("flask", "memory<1GiB at 10 users", []),
    ]
    failure, error = suite[0][0], suite[1][0]
    assert (failure.get("message"), failure.get("type")) == ("broken: 200 ms", "failure")
    assert failure.text == "p50<150ms, flask at 10 users: broken (200 ms)"
    assert str(error.get("message")).startswith("cannot be told: the processes of the service are unknown")


def test_no_text_breaks_the_xml(tmp_path: Path) -> None:
    results = run()
    results = results.model_copy(update={"complete": False, "failure": f"it said {EVIL}\x00\ufffe"})
    suites = ElementTree.parse(junit.write(judged(results), tmp_path / "junit.xml", results.started, 0.0)).getroot()
    assert (suites.get("tests"), suites.get("errors")) == ("6", "6")
    assert suites[0][0][0].get("message") == "cannot be told: the run failed: it said a|b?<&>`*_??"


def test_the_summary_has_answers_a_verdict_and_a_table(tmp_path: Path) -> None:
    told = markdown.write(run(), judged(run()), tmp_path / "summary.md").read_text(encoding="utf-8")
    lines = told.splitlines()
    assert lines[0] == "### flask, stranger: delay, 100ms"
    assert "| ❌ broken | p50\\<150ms | flask at 10 users | 200 ms |" in lines
    assert "| ✅ met | errors\\<1% | flask at 10 users | 0 % |" in lines
    assert sum(line.startswith("| ❔ cannot be told | memory\\<1GiB | stranger at 10 users | ") for line in lines) == 1
    assert "| flask | 10 users | 50.0 | 50.0 | 200 | 200 | slots |" in lines
    assert "| stranger | 10 users | - | 100 | 100 | 100 | users |" in lines
    plain = markdown.write(
        results([step("flask", 10, doubts=["it | drifts"])]), [], tmp_path / "summary.md"
    ).read_text()
    assert "requirement" not in plain
    assert "| flask | 10 users | 50.0 | (50.0) | - | - | inconclusive |" in plain
    assert "- flask is inconclusive at 10 users: it \\| drifts." in plain


def test_the_summary_of_a_search_and_of_two_runs_have_tables_of_their_own(tmp_path: Path) -> None:
    search = searched({"flask": [probe(90.0, "passed", 0, 0, 0.1), probe(95.0, "failed", 0.2, 0.1, 0.3)]})
    told = markdown.write(search, [], tmp_path / "summary.md").read_text()
    assert "| flask | 100 | 90.0 to 95.0 | slots (3 of 3) |" in told
    before, after = (results([step("flask", 10, took, repeat=each) for each in (1, 2)]) for took in (0.2, 0.4))
    told = markdown.write_before_after(before, after, [], tmp_path / "summary.md").read_text()
    assert "- flask at 10 users is slower: 50.0/s before, 25.0/s after (0.50 times, 0.50 to 0.50)." in told
    assert "| flask | 10 users | throughput, requests/s | 50.0 | 25.0 | 0.500 | slower |" in told


def test_the_summary_of_a_run_that_watched_loops_has_its_findings_and_repairs(tmp_path: Path) -> None:
    known = watched(stalls(), requirements=["stalls<10ms"])
    told = markdown.write(known, judged(known), tmp_path / "summary.md").read_text()
    lines = told.splitlines()
    by = "45.2 ms by requests.get in shop/app.py:57 (stock)"
    assert f"| ❌ broken | stalls\\<10ms | shop | {by} |" in lines
    assert "- requests.get in shop/app.py:57 (stock) holds the loop 41 ms a request: at most 24.4 requests a " in told
    line = (
        "| shop/app.py:57 (stock) | requests.get | blocking call | 200 | 41.0 | 45.2 | 41.0 | 82% | GET /stock (200) |"
    )
    assert line in lines
    assert "| awaited | 400 | 390 | 0.97 | the pool |" in lines


def test_text_is_shown_as_it_is_and_in_one_line() -> None:
    assert markdown.escaped("a|b\n<b> `x` *y* [z](u)") == "a\\|b \\<b\\> \\`x\\` \\*y\\* \\[z\\](u)"


def test_the_page_lists_the_answers() -> None:
    assert page(run()).requirements[0] == "p50<150ms, flask at 10 users: broken (200 ms)"
    assert len(page(run()).requirements) == 6
