import pytest

from loadtest.measure.variants import Made, Turns, beside
from loadtest.measure.watched import Window
from loadtest.results.stalls import Stalls
from loadtest.verdict.repair import AS_IS, AWAITED, PROCESSES, THREAD
from tests.loadtest.support.fabricated import measured as window_of
from tests.loadtest.support.fabricated import step
from tests.loadtest.support.stalled import stalls


def turns(rate: float, made: Made, *, doubts: tuple[str, ...] = (), filled: bool = True) -> Turns:
    known = step("shop", 64).model_copy(
        update={"measured": window_of(requests=round(rate * 2), seconds=2.0), "doubts": [*doubts]}
    )
    return Turns([Window(known, 0.0)] * 3, made, 64, 0.1, filled)


def unmeasured() -> Stalls:
    known = stalls()
    repairs = [each.model_copy(update={"measured": None}) for each in known.repairs]
    return known.model_copy(update={"repairs": repairs})


def measured(found: Stalls) -> dict[str, float | None]:
    return {each.way: each.measured for each in found.repairs}


@pytest.mark.parametrize(
    ("variant", "way"),
    [
        (Made(1, 3), AWAITED),
        (Made(1, 7), AWAITED),  # a resolver of names has some threads
        (Made(1, 34), THREAD),
        (Made(3, 5), PROCESSES),
    ],
)
def test_a_variant_is_held_against_the_prediction_for_what_it_has_more_of(variant: Made, way: str) -> None:
    found = beside(unmeasured(), turns(20.0, Made(1, 2)), turns(300.0, variant), 32, 1)
    if way == PROCESSES:
        assert any("which was not predicted" in each for each in found.rate_doubts)
        assert set(measured(found).values()) == {20.0, None}
    else:
        assert measured(found) == {AS_IS: 20.0, THREAD: None, AWAITED: None} | {way: 300.0}
        assert not found.rate_doubts


def test_a_variant_that_no_users_fill_is_no_limit() -> None:
    found = beside(unmeasured(), turns(20.0, Made(1, 2)), turns(622.0, Made(1, 2), filled=False), 32, 1)
    assert found.rate_doubts == ["64 users do not fill the variant: its limit is higher than what was measured"]


def test_doubts_of_both_sides_are_doubts_of_the_rates_alone() -> None:
    found = beside(unmeasured(), turns(20.0, Made(1, 2), doubts=("busy",)), turns(300.0, Made(1, 34)), 32, 1)
    assert (found.doubts, found.rate_doubts) == ([], ["busy"])
