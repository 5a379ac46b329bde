"""Tests of what the report of one run says of its cores, its calibration and its CPU time."""

import pytest

from loadtest.contenders.cores import Cores
from loadtest.report import comparison as one
from loadtest.report.page import Page
from loadtest.results.schema import Results, Switches
from loadtest.verdict.format import CALIBRATED
from loadtest.workload.open import Open
from tests.loadtest.support.fabricated import calibration, contender, measured, open_step, results, step, use


def apart() -> Results:
    """Return a run of a calibrated service and a target, of which the service had a core of its own."""
    window = measured(
        10,
        service_cores=use(0.6, interrupts=0.02),
        other_cores=use(0.3),
        switches=Switches(voluntary=2500, involuntary=100),
        processes_cpu=[0.0, 0.2, 0.3],
    )
    known = [contender("aiohttp", calibration=calibration()), contender("stranger")]
    run = results([step("aiohttp", 10, measured=window), step("stranger", 10)])
    return run.model_copy(update={"cores": Cores((0,), (1,)), "contenders": known})


@pytest.fixture(scope="module")
def page() -> Page:
    return one.page(apart())


def test_the_top_of_the_page_says_which_cores_were_used_for_what(page: Page) -> None:
    assert page.about.endswith("on 2 cores (a processor): services on core 0; load generator on core 1.")
    assert "shared by services and load generator, because" in one.about(results([step("aiohttp", 10)]))


def test_what_was_calibrated_is_a_fact_with_its_meaning(page: Page) -> None:
    assert page.facts[-2:] == [
        ("Calibration of aiohttp, µs", "CPU time 1000, late 1000, transit 500"),
        ("Calibration", CALIBRATED),
    ]
    assert one.calibrations([contender("aiohttp"), contender("stranger")]) == []


def test_only_calibrated_predictions_are_marked_so(page: Page) -> None:
    assert "Thin line: predicted, calibrated." in page.pictures[0].caption
    assert "calibrated" not in one.page(results([step("aiohttp", 10)])).pictures[0].caption


def test_the_table_of_resources_has_everything_that_spent_cpu_time(page: Page) -> None:
    (memory,) = [picture for picture in page.pictures if picture.name == "memory"]
    assert [dict(zip(memory.table.head, row, strict=True)) for row in memory.table.rows] == [
        {
            **{"service": "aiohttp", "users": "10", "in flight": "10.0", "memory, MiB": "100.0"},
            **{"CPU per request, µs": "5000", "generator, µs": "1000", "interrupts, µs": "200"},
            **{"other processes, µs": "2800", "one process": "40% to 60%", "switches": "2.5 + 0.1"},
            **{"unaccounted": "8.0%", "conclusive": "yes"},
        }
    ]


def test_the_top_of_the_page_states_the_loads_with_what_their_arrivals_have_in_common() -> None:
    assert "1, 50 users, each step measured once" in one.about(results([step("aiohttp", users) for users in (1, 50)]))
    loads = [Open(rate, "even", seed=7, patience=2.5) for rate in (0.5, 100)]
    told = one.about(results([open_step("aiohttp", load) for load in loads]))
    assert "0.5, 100 arrivals/s (even, seed 7, patience 2.5 s), each step measured once" in told
