import pytest

from loadtest.verdict.observed import NO_DIFFERENCE, Cold

COLD = Cold(factor=10.0, most=0.009, least=0.0002)


@pytest.mark.parametrize(
    ("cpu", "warm"),
    [
        (0.005, 0.0005),
        (0.020, 0.011),  # a long computation is not ten times as long
        (0.001, 0.0002),  # no request costs less than a small one
        (0.0001, 0.0001),
    ],
)
def test_a_busy_core_computes_for_less_time_but_no_less_than_can_be(cpu: float, warm: float) -> None:
    assert COLD.warm(cpu) == pytest.approx(warm)
    assert NO_DIFFERENCE.warm(cpu) == cpu
