from typing import Any

import pytest

from loadtest.generator.options import open_load
from loadtest.workload.open import Open

GIVEN: dict[str, Any] = {"delay": "1ms", "think": 0.0, "stagger": 0.1, "rate": 20.0, "arrivals": "even", "seed": 3}


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
SEED = "--seed takes a whole number from 0 to 1000000000; got"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        *(({"rate": rate}, f"{RATE} {rate}.") for rate in (-1, 100_001, "x", "", "nan", float("inf"))),
        *(({"seed": seed}, f"{SEED} {seed}.") for seed in (-1, 10**10, "1.5", "", "x")),
        ({"arrivals": "bursts"}, "--arrivals takes poisson or even; got bursts."),
        ({"think": 0.1}, "--think is for users who wait for their answers; leave it out with --rate."),
        ({"think": "nan"}, "--think takes a number of at least 0; got nan."),
    ],
)
def test_anything_else_is_one_sentence(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as refused:
        open_load(GIVEN | changes)
    assert str(refused.value) == complaint
