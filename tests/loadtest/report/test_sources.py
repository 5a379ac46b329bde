from pathlib import Path

import pytest

from loadtest.report import sources as module
from loadtest.report.comparison import sources
from loadtest.report.sources import TWINS, Handler, handlers, style
from loadtest.workload.scenarios import ABOUT, DAY, HEALTHZ, MIXED, SCENARIOS, SLOW_CLIENTS

WAITING = sorted({scenario.endpoint for scenario in SCENARIOS.values()} - {HEALTHZ})
"""Endpoints of scenarios with a function in the twins that waits or computes."""

ROOT = Path(module.__file__).parents[2]


def squeezed(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("scenario", WAITING)
def test_every_scenario_has_the_function_of_both_twins_and_its_waiting_lines(scenario: str) -> None:
    found = handlers(scenario)
    assert [each.where.partition("/")[0] for each in found] == list(TWINS)
    for each in found:
        lines = each.source.splitlines()
        assert each.waiting
        assert all("holds " in lines[number - 1].partition("#")[2] for number in each.waiting)
        assert each.html.count('class="hll"') == len(each.waiting)


@pytest.mark.parametrize("scenario", WAITING)
def test_what_is_shown_stands_in_the_file(scenario: str) -> None:
    for each in handlers(scenario):
        text = squeezed((ROOT / each.where).read_text(encoding="utf-8"))
        for function in each.source.split("\n\n"):
            shown = squeezed(function)
            assert any(text[place : place + len(shown)] == shown for place in range(len(text))), each.where
        assert f"def {scenario}(" in each.source.splitlines()[0]


def test_the_twins_wait_in_files_of_the_same_name() -> None:
    for scenario in WAITING:
        one, other = handlers(scenario)
        assert Path(one.where).name == Path(other.where).name


@pytest.mark.parametrize("scenario", ["", "nothing", "<script>", HEALTHZ])
def test_what_no_twin_waits_for_has_no_function(scenario: str) -> None:
    assert handlers(scenario) == []


def test_a_mixed_day_shows_all_that_it_is_made_of() -> None:
    assert [source.scenario for source in sources(MIXED)] == list(DAY)
    assert [source.about for source in sources(MIXED)] == [ABOUT[name] for name in DAY]


def test_slow_clients_are_shown_with_what_other_users_request() -> None:
    ((only,), (delay,)) = sources(SLOW_CLIENTS), sources("delay")
    assert only.handlers == delay.handlers


def test_source_is_text_on_the_page() -> None:
    shown = Handler("a.py", "def a() -> None:\n    '</script><b>'  # holds <i>", [2]).html
    assert "<b>" not in shown
    assert "<i>" not in shown
    assert "</script" not in shown
    assert "&lt;i&gt;" in shown


def test_every_class_of_the_source_has_a_name_of_its_own() -> None:
    for theme in ("default", "github-dark"):
        assert ".highlight .src-k " in style(theme)
