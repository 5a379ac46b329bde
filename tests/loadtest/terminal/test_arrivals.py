import io
import re

import pytest
from rich.console import Console

from loadtest.results.schema import Results, Step
from loadtest.terminal.comparison import show
from loadtest.terminal.progress import Bar, console
from loadtest.verdict.aggregate import rows
from loadtest.workload.open import Open
from tests.loadtest.support.arrivals import RUN, changed, evenly, limited, not_run, open_run, refusing
from tests.loadtest.support.fabricated import measured, open_step, results, step


@pytest.fixture(autouse=True)
def _no_colour_is_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def shown(run: Results, width: int = 120) -> str:
    out = Console(file=io.StringIO(), width=width, color_system=None, highlight=False)
    with out.capture() as capture:
        show(out, run, rows(run), details=True)
    return capture.get()


def table(text: str, title: str) -> list[str]:
    """Return the lines of a table, from its headings on, each without repeated spaces."""
    lines = [" ".join(line.split()) for line in text[text.index(title) :].splitlines()[1:]]
    return lines[: lines.index("")]


def test_latency_is_predicted_and_measured_with_the_ratio_of_the_highest_percentile_that_is_known() -> None:
    found = table(shown(open_run(), 160), "Latency: delay, 100ms (ms, from the intended start)")
    assert found[:2] == ["predicted predicted", "service arrivals/s p50 p99 p50 p90 p99 ratio service time bound by"]
    assert found[3:9] == [
        "flask 20 100 - 100 100 - 1.00 - arrivals",
        "5 x 1 = 5 100 slots; diverges: +50.0/s predicted, +50.0/s measured",
        "blocking 800 not run: diverges at a lower rate",
        "flask-threads 20 100 - 100 100 - 1.00 - arrivals",
        "2 x 32 = 64 100 100 100 100 100 100 1.00 100 arrivals",
        "blocking 800 slots; diverges: +160/s predicted, +160/s measured",
    ]


@pytest.mark.parametrize(
    ("milliseconds", "ratio"), [({100.0: 991, 150.0: 9}, "1.00"), ({100.0: 900, 150.0: 100}, "1.50")]
)
def test_the_ratio_is_of_the_99th_percentile_where_there_is_one(milliseconds: dict[float, int], ratio: str) -> None:
    known = open_step("aiohttp", evenly(100))
    assert known.measured
    run = open_run([known.model_copy(update={"measured": known.measured.model_copy(update={"latency": milliseconds})})])
    assert re.search(rf" {ratio} +100 +arrivals", shown(run))


def test_a_percentile_among_lost_arrivals_is_the_patience_and_has_no_ratio() -> None:
    few = limited(32)
    text = shown(open_run([refusing(few, evenly(960))], contenders=[few]))
    assert re.search(r" 960 +> 10 s +> 10 s +> 10 s +> 10 s +> 10 s +- +> 10 s +in-flight", text)
    assert "> 10 s: among the lost requests" in " ".join(text.split())
    assert "> 10 s" not in shown(open_run())


def test_the_patience_of_the_load_is_the_one_that_is_shown() -> None:
    few = limited(32)
    assert "> 2.5 s" in shown(open_run([refusing(few, Open(960, patience=2.5))], contenders=[few]))


def test_throughput_stands_beside_what_was_offered_and_what_is_in_flight() -> None:
    found = table(shown(open_run(deadline=1.0)), "Throughput (requests/s) and requests in flight")
    assert found[1] == "service arrivals/s offered predicted measured goodput lost predicted measured"
    assert found[4:9] == [
        "flask 20 20.0 20.0 20.0 20.0 0 2.0 2.0",
        "5 x 1 = 5 100 100 50.1 50.1 4.0 6.0% 279 279",
        "flask-threads 20 20.0 20.0 20.0 20.0 0 2.0 2.0",
        "2 x 32 = 64 100 100 100 100 100 0 10.0 10.0",
        "800 800 640 640 248 0 938 938",
    ]
    assert "goodput" not in shown(open_run()).lower()


def test_an_inconclusive_row_is_in_brackets() -> None:
    doubted = [each.model_copy(update={"doubts": ["so"]}) for each in RUN if each.measured]
    text = shown(open_run(doubted, deadline=1.0))
    assert re.search(r"flask +20 +100 +- +\(100\) +\(100\) +- +\(1\.00\) +- +inconclusive", text)
    assert re.search(r"flask +20 +20\.0 +20\.0 +\(20\.0\) +\(20\.0\) +\(0\) +2\.0 +\(2\.0\)", text)
    assert "(+50.0/s)" in text


def test_the_own_lateness_of_the_load_generator_stands_in_the_table_of_resources() -> None:
    late = changed(open_step("aiohttp", evenly(100)), late_ms={0.25: 980, 3.5: 20})
    found = table(shown(open_run([late])), "Resources and errors (CPU and generator in cores; own lateness in ms)")
    assert found[0] == "service arrivals/s CPU µs/request memory generator own lateness errors"
    assert found[2].split()[-2:] == ["3.50", "0"]
    assert "hung" not in shown(open_run()).lower()


def test_goodput_stands_beside_the_throughput_of_closed_loads_too() -> None:
    good = measured(10, good=[500])
    run = results([step("aiohttp", 10, measured=good)])
    asked = run.model_copy(update={"options": run.options.model_copy(update={"deadlines": [0.5]})})
    found = table(shown(asked), "Throughput and latency")
    assert found[0] == "service users predicted measured ratio goodput p50 p90 p99 bound by"
    assert found[2].startswith("aiohttp 10 100.0 100.0 1.00 50.0 ")
    assert "Goodput: answers within 500 ms, per second" in shown(asked)


def overloaded() -> Results:
    few, as_many = limited(32), limited(64)
    steps = [*(refusing(each, evenly(960)) for each in (few, as_many)), open_step("aiohttp", evenly(960))]
    return open_run(steps, deadline=1.0, contenders=[few, as_many])


@pytest.mark.parametrize("width", [80, 100, 120, 200])
@pytest.mark.parametrize("run", [open_run(deadline=1.0), overloaded()], ids=["ordinary", "long names"])
def test_no_figure_is_cut_however_narrow_the_console(run: Results, width: int) -> None:
    text = shown(run, width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "\N{HORIZONTAL ELLIPSIS}" not in text


def test_a_console_of_80_columns_has_a_table_of_latency_and_lists() -> None:
    text = shown(open_run(deadline=1.0), 80)
    assert table(text, "Latency")[1] == "service arrivals/s p50 p99 p50 p99 ratio bound by"
    listed = " ".join(text.split())
    assert (
        "arrivals/s 20, throughput predicted 20.0, measured 20.0, goodput 20.0, lost 0, in flight predicted" in listed
    )


def test_a_long_name_is_folded_in_tables_and_whole_in_lists() -> None:
    wide, narrow = shown(overloaded()), shown(overloaded(), 60)
    assert re.search(r"^flask-threads: +960 ", wide, flags=re.MULTILINE)
    assert "\nflask-threads:max-in-flight=16 / 2 x 32 = 64\n" in narrow


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (
            open_step("flask-threads", evenly(100)),
            "flask-threads, 100 arrivals/s, repeat 1: 100 offered, p99 100 ms (100 ms predicted), bound by arrivals",
        ),
        (
            open_step("flask", evenly(20)),
            "flask, 20 arrivals/s, repeat 1: 20.0 offered, p90 100 ms (100 ms predicted), bound by arrivals",
        ),
        (
            open_step("flask", evenly(100)),
            "flask, 100 arrivals/s, repeat 1: 100 offered, diverges: +50.0/s predicted, +50.0/s measured, "
            "bound by slots",
        ),
        (not_run("flask", 800), "flask, 800 arrivals/s, repeat 1: not run, diverges at a lower rate"),
        (
            open_step("stranger", evenly(100), doubts=["so"]),
            "stranger, 100 arrivals/s, repeat 1: 100 offered, p99 100 ms, bound by arrivals; inconclusive: so",
        ),
        (
            refusing(limited(32), evenly(960)),
            "flask-threads:max-in-flight=16, 960 arrivals/s, repeat 1: 960 offered, p99 > 10 s (> 10 s predicted), "
            "bound by in-flight limit",
        ),
        (open_step("aiohttp", evenly(0.1)), "aiohttp, 0.1 arrivals/s, repeat 1: 0.1 offered, bound by arrivals"),
    ],
    ids=["p99", "fewer", "diverges", "not run", "no model", "lost", "too few"],
)
def test_the_line_of_a_step_states_what_was_offered_and_how_fast_it_was_answered(
    step: Step, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Bar(console(), 10.0, 1).ended(step)
    assert " ".join(capsys.readouterr().out.split()) == line
