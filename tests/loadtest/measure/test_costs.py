import psutil
import pytest

from loadtest.measure.costs import costs
from tests.loadtest.support.processes import living

pytestmark = [pytest.mark.slow, pytest.mark.measures]


def test_a_thread_costs_more_than_a_coroutine_and_nothing_is_left() -> None:
    before = set(psutil.Process().children(recursive=True))
    found = costs()
    assert 1_000 < found.coroutine < found.thread < 1_000_000
    assert living([each for each in psutil.Process().children(recursive=True) if each not in before]) == []
