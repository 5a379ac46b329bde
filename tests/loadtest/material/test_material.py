"""The slides' text holds what the recorded runs show, without pandoc and without a browser."""

import json
import re
from functools import cache

import pytest

from loadtest.material import slides
from loadtest.material.__main__ import main
from loadtest.material.listing import code
from loadtest.material.runs import REFUSING, RESULTS, RUNS, UNLIMITED, read
from loadtest.material.shown import Shown, goodput_foretold
from loadtest.verdict.aggregate import Row

MINUTES = 60
"""The length of the workshop that the slides are for."""

EQUAL = 0.1
"""The share by which two figures may differ and still be called equal."""


@cache
def shown() -> Shown:
    return Shown(read())


@cache
def filled() -> str:
    return slides.filled(slides.SOURCE.read_text(), shown())


def row(run: str, service: str, amount: float) -> Row:
    return shown().row(run, service, amount)


def rate(run: str, service: str, amount: float) -> float:
    """The predicted throughput. Measured figures are held against it, if they can be trusted."""
    predicted = row(run, service, amount).predicted
    assert predicted
    return predicted.throughput


def test_every_figure_that_the_slides_ask_for_is_in_a_recorded_run() -> None:
    assert "{{" not in filled()
    assert "unknown" not in filled()
    assert sorted(RUNS) == sorted(path.stem for path in RESULTS.glob("*.json"))


def test_every_run_is_on_a_slide() -> None:
    assert {*re.findall(r"runs\.\w+\(\"(\w+)\"", slides.SOURCE.read_text())} == {*RUNS}


def test_no_recorded_run_tells_where_it_was_recorded() -> None:
    told = [path.read_text() for path in RESULTS.glob("*.json")]
    assert [re.findall(r"/(?:home|root|tmp|Users|work)/[^\"]*", text) for text in told] == [[]] * len(told)
    assert all(json.loads(text)["command"][0] == "sync-vs-async" for text in told)


def test_every_slide_has_notes_and_they_add_up_to_the_hour() -> None:
    text = slides.SOURCE.read_text()
    minutes = re.findall(r"^::: notes\n(\d+) min\. ", text, re.MULTILINE)
    assert len(minutes) == len(re.findall(r"^# ", text, re.MULTILINE)) == text.count("::: notes")
    assert sum(map(int, minutes)) == MINUTES


@pytest.mark.parametrize("run", [name for name in RUNS if name != "people"])
def test_what_was_measured_is_what_was_predicted_or_in_brackets(run: str) -> None:
    ratios = {(row.service, row.load.label): ratio for row in shown().table(run) if row.holds and (ratio := row.ratio)}
    assert {of: ratio for of, ratio in ratios.items() if abs(ratio - 1) > EQUAL} == {}


@pytest.mark.parametrize("users", [1, 32])
def test_threads_keep_up_until_they_run_out(users: int) -> None:
    assert rate("users", "flask-threads", users) == pytest.approx(rate("users", "aiohttp", users), rel=EQUAL)


def test_at_one_user_all_are_equal() -> None:
    rates = [rate("users", each.name, 1) for each in shown().runs["users"].contenders]
    assert min(rates) == pytest.approx(max(rates), rel=EQUAL)


def test_at_200_users_threads_are_the_limit_and_gevent_serves_as_many_as_aiohttp() -> None:
    assert rate("users", "flask-gevent", 200) == pytest.approx(rate("users", "aiohttp", 200), rel=EQUAL)
    assert rate("users", "aiohttp", 200) > 4 * rate("users", "flask-threads", 200)


def test_one_careless_line_makes_async_slower_and_the_repair_makes_it_equal() -> None:
    assert rate("careless", "aiohttp", 8) < rate("careless", "flask-threads", 8) / 4
    assert rate("repaired", "aiohttp", 8) == pytest.approx(rate("repaired", "flask-threads", 8), rel=EQUAL)
    assert rate("repaired", "aiohttp", 64) < 6 * rate("repaired", "aiohttp", 8)  # of 8 times the users


@pytest.mark.parametrize(("run", "amount"), [("database", 64), ("computing", 8)])
def test_async_gains_nothing_at_a_database_or_a_processor(run: str, amount: int) -> None:
    assert rate(run, "aiohttp", amount) == pytest.approx(rate(run, "flask-threads", amount), rel=EQUAL)


def test_people_who_wait_for_people_deadlock_a_service_that_is_too_small() -> None:
    assert rate("people", "flask", 20) == 0
    assert row("people", "flask", 20).throughput < 0.1 * row("people", "aiohttp", 20).throughput


def test_arrivals_wait_longer_than_users_at_nearly_the_same_throughput() -> None:
    users, arrivals = row("users", "flask-threads", 32), row("arrivals", "flask-threads", 150)
    assert users.predicted
    foretold = arrivals.foretold(0.9)
    assert foretold
    assert foretold > 1.2 * users.predicted.response * 1000
    assert rate("arrivals", "flask-threads", 150) == pytest.approx(rate("users", "flask-threads", 32), rel=EQUAL)


def test_a_service_that_refuses_early_serves_more_in_time() -> None:
    refusing, unlimited = (
        goodput_foretold(shown().runs["overload"], row("overload", service, 384)) for service in (REFUSING, UNLIMITED)
    )
    assert refusing
    assert unlimited is not None
    assert refusing > 4 * unlimited


def test_a_figure_that_is_inconclusive_stands_in_brackets() -> None:
    results = read()["users"]
    doubted = [each.model_copy(update={"doubts": ["a doubt"]}) for each in results.steps]
    trusted = [each.model_copy(update={"doubts": []}) for each in results.steps]
    for steps, shape in ((doubted, r"\([\d.]+\)"), (trusted, r"[\d.]+")):
        runs = Shown({"users": results.model_copy(update={"steps": steps})})
        assert re.fullmatch(shape, runs.rate("users", "aiohttp", 200))
        assert bool(runs.doubts()) == (steps is doubted)


@pytest.mark.parametrize(
    ("markdown", "said"),
    [
        ("{{ runs.rate('users', 'nobody', 1) }}", "no nobody at 1"),
        ("{{ unheard_of }}", "unheard_of"),
        ("{{ code('workshop/by_hand.py', 'missing') }}", "no function missing"),
        ("{{ code('workshop/by_hand.py', 'main', width=20) }}", "longer than 20"),
    ],
)
def test_a_mistake_in_the_markdown_is_named(markdown: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        slides.filled(markdown, shown())


def test_code_on_a_slide_is_that_of_the_file_without_its_docstring_and_long_comments() -> None:
    assert code("workshop/at_once.py", "task", width=36).splitlines() == [
        "```python",
        "async def task(number: int) -> None:",
        '    print(f"task {number} begins")',
        "    await asyncio.sleep(1)",
        '    print(f"task {number} ends")',
        "```",
    ]
    assert "# holds a thread" in code("workshop/flask_delay.py", "delay")


def test_a_run_that_is_unknown_is_refused_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["material", "record", "users", "nonsense"])
    with pytest.raises(SystemExit, match="no run 'nonsense'"):
        main()
