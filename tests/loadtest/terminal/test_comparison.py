import io
import re

import pytest
from rich.console import Console

from loadtest.contenders.cores import Cores
from loadtest.results.schema import Results, Step, Switches
from loadtest.terminal.comparison import show
from loadtest.terminal.progress import Bar, console, progress
from loadtest.verdict.aggregate import rows
from tests.loadtest.support.fabricated import (
    calibration,
    contender,
    measured,
    not_run,
    results,
    step,
    stuck,
    use,
)

RUN = results(
    [
        *(step("flask", users) for users in (1, 50)),
        not_run("flask", 400),
        *(step("aiohttp", users) for users in (1, 50)),
        step("aiohttp", 400, doubts=["the load generator was saturated (99% of a core)"]),
    ]
)


SLOTS = re.compile(r"\d+ x \d+ = \w+|blocking|non-blocking|unknown")
"""The text below a service's name: processes x threads = slots."""


@pytest.fixture(autouse=True)
def _no_colour_is_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def shown(run: Results, capsys: pytest.CaptureFixture[str]) -> str:
    show(console(), run, rows(run), details=True)
    return capsys.readouterr().out


def cells(text: str, title: str) -> dict[tuple[str, str], list[str]]:
    """Return the cells of each row of a table, by service and number of users."""
    lines = text[text.index(title) :].splitlines()
    rows: dict[tuple[str, str], list[str]] = {}
    service = ""
    for line in lines[next(place for place, line in enumerate(lines) if "───" in line) + 1 :]:
        if not line.strip():
            break
        first, *rest = re.split(r"\s{2,}", line.strip())
        if not line.startswith("  "):
            service, (first, *rest) = service if SLOTS.fullmatch(first) else first, rest or [""]
        if first:
            rows[service, first] = rest
    return rows


def parts(text: str) -> tuple[str, str, str]:
    """Return the tables of the figures, the services and the resources, each with its title."""
    happened = text[text.index("Throughput and latency") : text.index("The line-up")]
    return happened, text[text.index("The line-up") : text.index("Resources and")], text[text.index("Resources and") :]


def what_happened(text: str) -> dict[tuple[str, str], list[str]]:
    return cells(text, "Throughput and latency")


def test_a_row_shows_what_was_predicted_and_what_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    table = what_happened(shown(RUN, capsys))
    assert table["flask", "1"] == ["10.0", "10.0", "1.00", "100", "100", "-", "users"]
    assert table["flask", "50"] == ["50.0", "50.0", "1.00", "1000", "1000", "1000", "slots"]


def test_every_table_states_the_processes_threads_and_slots_of_each_service(
    capsys: pytest.CaptureFixture[str],
) -> None:
    happened, lineup, took = parts(shown(RUN, capsys))
    assert "5 processes x 1 thread = 5 slots" in lineup
    for table in (happened, took):
        assert "5 x 1 = 5" in table
        assert "2 x 1 = any" in table


def test_services_are_grouped_by_their_kind_where_there_are_several(capsys: pytest.CaptureFixture[str]) -> None:
    names = ("aiohttp", "stranger", "django", "flask")
    text = shown(results([step(name, users) for name in names for users in (1, 50)]), capsys)
    happened, lineup, took = parts(text)
    assert re.findall(r"^([a-z-]+) +((?:non-)?blocking|unknown) ", lineup, flags=re.MULTILINE) == [
        ("django", "blocking"),
        ("flask", "blocking"),
        ("aiohttp", "non-blocking"),
        ("stranger", "unknown"),
    ]
    for table in (happened, took.partition("Below each")[0]):
        assert re.findall(r"^([a-z-]+)(?:  | *$)", table, flags=re.MULTILINE) == [
            *("service", "blocking", "django", "flask", "non-blocking", "aiohttp", "unknown", "stranger")
        ]


def test_the_kind_of_a_service_stands_below_its_slots_where_there_is_room(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(results([step(name, users) for name in ("flask", "aiohttp") for users in (1, 10, 50)]), capsys)
    happened, _, _ = parts(text)
    firsts = [line[:14].strip() for line in happened.splitlines()[3:9]]
    assert firsts == ["flask", "5 x 1 = 5", "blocking", "aiohttp", "2 x 1 = any", "non-blocking"]


def test_services_of_one_kind_need_no_name_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    happened, _, _ = parts(shown(results([step("flask", 1), step("django", 1)]), capsys))
    assert "blocking" not in happened


def test_the_line_up_states_the_software_of_each_service_with_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    names = ("flask-gevent", "django", "sanic", "stranger")
    _, lineup, _ = parts(shown(results([step(name, 1) for name in names]), capsys))
    told = {line.split()[0]: line.split("   ")[-1].strip() for line in map(str.rstrip, lineup.splitlines()) if line}
    assert told["flask-gevent"] == "Flask 1.0, gunicorn 1.0, gevent 1.0"
    assert told["django"] == "Django 1.0, gunicorn 1.0"
    assert told["sanic"] == "sanic 1.0, its own server"
    assert told["stranger"] == "http://127.0.0.1:9/"


def test_an_inconclusive_row_is_in_brackets_and_has_no_percentiles(capsys: pytest.CaptureFixture[str]) -> None:
    *figures, bound = what_happened(shown(RUN, capsys))["aiohttp", "400"]
    assert figures == ["4000.0", "(4000.0)", "(1.00)", "-", "-", "-"]
    assert bound.startswith("inconclusive")


def test_a_row_that_was_not_run_is_shown_as_predicted_and_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(RUN, capsys)
    assert what_happened(text)["flask", "400"] == ["50.0", "not run", "saturated"]
    assert ("flask", "400") not in cells(text, "Resources and errors")


def test_a_row_shows_what_it_took(capsys: pytest.CaptureFixture[str]) -> None:
    broken = measured(10, failures=3, errors={"status 500": 2, "timed out": 1}, unfinished=4)
    table = cells(shown(results([step("flask", 10, measured=broken)]), capsys), "Resources and errors")
    assert table == {("flask", "10"): ["0.50", "5000", "100 MiB", "0.10", "4", "3", "2 x status 500, 1 x timed out"]}


def test_the_line_up_states_the_pools_that_the_scenario_needs(capsys: pytest.CaptureFixture[str]) -> None:
    def lineup(scenario: str) -> str:
        text = shown(results([step("flask-threads", 1, scenario=scenario)], scenario=scenario), capsys)
        return parts(text)[1]

    assert "2 processes x 32 threads = 64 slots " in lineup("query")
    assert re.search(r"^ {25,}database pool of 20 *$", lineup("query"), flags=re.MULTILINE)
    assert re.search(r"^ {25,}database pool of 20, upstream pool of 20 *$", lineup("mixed"), flags=re.MULTILINE)
    assert "pool" not in lineup("delay") + lineup("file")


@pytest.mark.parametrize("scenario", ["delay", "query", "mixed"])
def test_the_table_is_headed_by_what_was_asked_for(scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(results([step("aiohttp", 1, scenario=scenario)], scenario=scenario), capsys)
    assert f"Throughput and latency: {scenario}, 100ms (requests/s; latency in ms)" in text


def test_a_run_of_four_services_fits_on_a_screen_unless_details_are_asked_for() -> None:
    names, loads = ("flask", "flask-threads", "flask-gevent", "aiohttp"), (1, 10, 32, 200)
    every = [step(name, users) for name in names for users in loads]
    steps = [*every[:3], not_run("flask", 200), *every[4:]]
    screen = Console(file=io.StringIO(), width=80, color_system=None)
    printed = {}
    for details in (False, True):
        with screen.capture() as capture:
            show(screen, results(steps), rows(results(steps)), details=details)
        printed[details] = capture.get()
    lines = printed[False].splitlines()
    assert len(lines) < 30  # the last line is the path of the report
    assert lines[0].startswith("At 200 users flask-gevent and aiohttp serve the same 2,000 requests a second; 64")
    for title in ("The line-up", "Resources and errors", "CPU time per request at", "Measured on"):
        assert title in printed[True]
        assert title not in printed[False]


def test_what_failed_is_shown_without_details_too(capsys: pytest.CaptureFixture[str]) -> None:
    for failures, told in ((0, False), (3, True)):
        run = results([step("flask", 10, measured=measured(10, failures=failures, errors={"status 500": failures}))])
        show(console(), run, rows(run), details=False)
        assert ("3 x status 500" in capsys.readouterr().out) == told


def test_a_deadlock_is_shown_as_a_result(capsys: pytest.CaptureFixture[str]) -> None:
    run = results([step("flask", 1, scenario="ask"), stuck("flask", 5), stuck("flask", 5, repeat=2)], scenario="ask")
    text = shown(run, capsys)
    assert what_happened(text)["flask", "5"] == ["0.0", "0.0 ±0.0", "-", "1000", "1000", "-", "deadlock"]
    assert cells(text, "Resources and errors")["flask", "5"][-2:] == ["100", "100 x status 504"]
    assert "inconclusive" not in text.lower()


def test_a_disk_has_no_prediction_and_no_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    limited = step("aiohttp", 50, 0.5, scenario="file", bound="its own limit")
    table = what_happened(shown(results([step("aiohttp", 1, scenario="file"), limited], scenario="file"), capsys))
    assert table["aiohttp", "50"] == ["-", "100.0", "-", "500", "500", "500", "its own limit"]


def test_what_is_not_known_is_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    unseen = measured(1, seconds=0.9, server_cpu=None, busiest_cpu=None, memory=None, connections=None)
    text = shown(results([step("stranger", 1, measured=unseen, predicted=None), step("aiohttp", 1)]), capsys)
    assert what_happened(text)["stranger", "1"][:6] == ["-", "10.0", "-", "-", "-", "-"]
    assert cells(text, "Resources and errors")["stranger", "1"][:3] == ["-", "-", "-"]


def test_repeats_are_shown_with_their_spread(capsys: pytest.CaptureFixture[str]) -> None:
    table = what_happened(shown(results([step("aiohttp", 10), step("aiohttp", 10, 0.105, repeat=2)]), capsys))
    assert table["aiohttp", "10"][1] == "97.6 ±2.4"


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(0.876, "0.876"), (1.23, "1.23"), (52.1, "52.1"), (104.0, "104"), (1230.0, "1230")]
)
def test_latency_has_three_true_digits(milliseconds: float, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    window = measured(10, latency={milliseconds: 1000})
    assert what_happened(shown(results([step("aiohttp", 10, measured=window)]), capsys))["aiohttp", "10"][3] == text


def test_what_is_no_terminal_gets_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    out = console()
    with progress(out, 10.0, 1) as bar:
        for each in RUN.steps:
            bar.begins(each.service, each.load.label, each.repeat, 1.0)
            bar.ended(each)
    show(out, RUN, rows(RUN), details=True)
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert "\r" not in text
    assert text.splitlines()[:6] == [
        "flask, 1 user, repeat 1: 10.0 requests per second (10.0 predicted), bound by users",
        "flask, 50 users, repeat 1: 50.0 requests per second (50.0 predicted), bound by slots",
        "flask, 400 users, repeat 1: not run, saturated at fewer users",
        "aiohttp, 1 user, repeat 1: 10.0 requests per second (10.0 predicted), bound by users",
        "aiohttp, 50 users, repeat 1: 500.0 requests per second (500.0 predicted), bound by users",
        "aiohttp, 400 users, repeat 1: 4000.0 requests per second (4000.0 predicted), bound by users; inconclusive: "
        "the load ",
    ]


@pytest.mark.parametrize(
    "steps",
    [
        RUN.steps,
        [
            step(
                "flask-threads",
                10_000,
                bound="slots, unevenly shared (one process had 9999 of 10000 users and 32 of 64 slots)",
            ),
            step("aiohttp", 10_000, measured=measured(10_000, failures=10**5, errors={"a long error " * 9: 10**5})),
            step("aiohttp", 10_000, 0.105, repeat=2),
        ],
    ],
    ids=["ordinary", "wide"],
)
def test_everything_fits_into_120_columns(steps: list[Step], capsys: pytest.CaptureFixture[str]) -> None:
    assert max(len(line) for line in shown(results(steps), capsys).splitlines()) <= 120


def test_a_narrow_terminal_cuts_no_figure() -> None:
    narrow = Console(file=io.StringIO(), width=80, color_system=None)
    with narrow.capture() as capture:
        show(narrow, RUN, rows(RUN), details=True)
    text = capture.get()
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "\N{HORIZONTAL ELLIPSIS}" not in text


def test_what_a_client_did_in_silence_is_shown_where_it_did_any(capsys: pytest.CaptureFixture[str]) -> None:
    clean = shown(results([step("aiohttp", 1), step("aiohttp", 50)]), capsys)
    assert "resent" not in clean.lower()
    assert "reconnected" not in clean.lower()
    steps = [step("aiohttp", 1), step("aiohttp", 50, measured=measured(50, resent=4, reconnected=7))]
    text = shown(results(steps), capsys)
    table = cells(text, "Resources and errors")
    assert table["aiohttp", "1"][-2:] == ["-", "-"]  # from before it was counted
    assert table["aiohttp", "50"][-2:] == ["4", "7"]
    assert "Resent: requests that were sent again" in text


@pytest.mark.parametrize("kind", ["body: b'[/red]'", "b'[bold]'", "status 500 :warning:"])
def test_what_a_service_answered_is_shown_as_it_is(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    broken = measured(10, failures=1000, errors={kind: 1000})
    text = shown(results([step("aiohttp", 10, measured=broken, doubts=[kind])]), capsys)
    assert text.count(kind) == 2


def test_a_terminal_shows_what_is_running_and_the_time_left() -> None:
    screen = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=120)
    bar = Bar(screen, 100.0, repeats=3)
    bar.begins("flask", "1 user", 1, 25.0)
    bar.begins("aiohttp", "20 users", 2, 10.0)
    with screen.capture() as capture:
        screen.print(bar.view())
    assert "aiohttp, 20 users, repeat 2 of 3" in capture.get()
    assert re.search(r"1:1[0-5] left", capture.get())


def test_time_left_never_runs_below_nothing() -> None:
    screen = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=120)
    bar = Bar(screen, 10.0, repeats=1)
    for _ in range(3):
        bar.begins("flask", "1 user", 1, 10.0)
    with screen.capture() as capture:
        screen.print(bar.view())
    assert "0:00 left" in capture.get()


def apart() -> Results:
    """Return a run whose service had a core of its own and was calibrated."""
    window = measured(
        10,
        others_cpu={"database": 0.1, "command": 0.0},
        service_cores=use(0.6, interrupts=0.02),
        other_cores=use(0.3),
        switches=Switches(voluntary=2500, involuntary=100),
        processes_cpu=[0.0, 0.2, 0.3],
    )
    known = contender("aiohttp", "query", calibration())
    run = results([step("aiohttp", 10, scenario="query", measured=window)], scenario="query")
    return run.model_copy(update={"cores": Cores((0,), (1,)), "contenders": [known]})


def test_on_cores_of_its_own_a_service_has_a_row_of_everything_that_spent_cpu_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = shown(apart(), capsys)
    table = cells(text, "CPU time beside the service (µs/request)")
    assert table == {("aiohttp", "10"): ["40% to 60%", "2.5 + 0.1", "1000", "1000", "200", "1800", "8.0%"]}
    (heads,) = re.findall(r"^service +users +one process .*$", text, flags=re.MULTILINE)
    assert re.split(r"\s{2,}", heads.strip())[2:] == [
        *("one process", "switches", "generator", "database", "interrupts", "other processes", "unaccounted")
    ]
    assert "One process: the smallest and the largest share" in text
    assert max(len(line) for line in text.splitlines()) <= 120


def test_on_shared_cores_there_is_no_such_table(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(RUN, capsys)
    assert "CPU time beside" not in text
    assert "One process:" not in text
    assert "Calibrated" not in text


def test_what_was_calibrated_is_shown_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(apart(), capsys)
    _, lineup, _ = parts(text)
    assert "calibrated (µs): CPU time 1000, late 1000, transit 500" in " ".join(lineup.split())
    assert "Calibrated: the CPU time of a request" in text


def test_the_last_lines_say_which_cores_were_used_for_what(capsys: pytest.CaptureFixture[str]) -> None:
    told = " ".join(shown(apart(), capsys).split())
    assert "Measured on 2 cores (a processor): services on core 0; load generator and database on core 1." in told
    told = " ".join(shown(RUN, capsys).split())
    assert "Measured on 2 cores (a processor): shared by services and load generator, because" in told
