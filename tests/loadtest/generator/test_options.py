from typing import Any

import pytest

from loadtest.generator.options import check, open_load, scenarios
from loadtest.workload.open import Open
from loadtest.workload.scenarios import RACED

GIVEN: dict[str, Any] = {
    **{"scenario": None, "tags": None, "exclude_tags": None},
    **{"delay": "1ms", "think": 0.0, "stagger": 0.1, "rate": 20.0, "arrivals": "even", "seed": 3},
}


@pytest.mark.parametrize(
    ("changes", "load"),
    [
        ({}, Open(20.0, "even", 3)),
        ({"rate": 0}, None),
        ({"rate": 0, "think": 1}, None),
        ({"rate": "0.5", "arrivals": "poisson", "seed": "7", "think": "0"}, Open(0.5, "poisson", 7)),
    ],
)
def test_options_describe_an_open_load_as_numbers_or_as_text(changes: dict[str, Any], load: Open | None) -> None:
    assert open_load(GIVEN | changes) == load


RATE = "--rate takes a number from 0 to 100000; got"
DELAY = "seconds (0.25) or a number with a unit (250ms, 1.5s), from 0 to"
NAMES = ", ".join(RACED)
UNKNOWN = (("scenario", "--scenario", "x"), ("tags", "--tags", ["delay", "x"]), ("exclude_tags", "--exclude-tags", "x"))
SEED = "--seed takes a whole number from 0 to 1000000000; got"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        *(({"rate": rate}, f"{RATE} {rate}.") for rate in (-1, 100_001, "x", "", "nan", float("inf"))),
        *(({"seed": seed}, f"{SEED} {seed}.") for seed in (-1, 10**10, "1.5", "", "x")),
        ({"arrivals": "bursts"}, "--arrivals takes poisson or even; got bursts."),
        ({"think": 0.1}, "--think is for users who wait for their answers; leave it out with --rate."),
        ({"think": "nan"}, "--think takes a number from 0 to 3600; got nan."),
        ({"stagger": "soon"}, "--stagger takes a number from 0 to 3600; got soon."),
        ({"delay": "5s", "scenario": "fanout"}, "--delay takes at most 2s for fanout; got '5s'."),
        ({"delay": "soon"}, f"--delay takes {DELAY} 10 s; got 'soon'."),
        ({"delay": "soon", "tags": ["delay", "fanout"]}, f"--delay takes {DELAY} 2 s; got 'soon'."),
        *(({option: names}, f"{said} takes {NAMES}; got x.") for option, said, names in UNKNOWN),
        ({"tags": ["slow-clients"]}, "slow-clients needs sync-vs-async compare, which runs the slow clients."),
        (
            {"tags": ["query"], "exclude_tags": ["query"]},
            "--tags and --exclude-tags leave no scenario; leave out one of them.",
        ),
        (
            {"tags": "query,fetch", "scenario": "delay"},
            "The scenario delay is not one that --tags and --exclude-tags leave: fetch, query.",
        ),
    ],
)
def test_anything_else_is_one_sentence(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as refused:
        check(GIVEN | changes)
    assert str(refused.value) == complaint


@pytest.mark.parametrize(
    ("changes", "chosen"),
    [
        ({}, ["delay"]),
        ({"scenario": "query"}, ["query"]),
        ({"scenario": "mixed", "tags": ["mixed", "delay"]}, ["mixed"]),
        ({"tags": ["query", "fetch"]}, ["fetch", "query"]),
        ({"tags": ["query", "fetch"], "exclude_tags": ["query"]}, ["fetch"]),
        ({"scenario": "", "tags": []}, ["delay"]),
        ({"exclude_tags": "query"}, ["delay"]),
    ],
)
def test_a_scenario_is_chosen_or_else_tags_choose_some(changes: dict[str, Any], chosen: list[str]) -> None:
    check(GIVEN | changes)
    assert scenarios(GIVEN | changes) == chosen
