import pytest

from loadtest.verdict.doubts import together


@pytest.mark.parametrize(
    ("doubts", "one"),
    [
        (["so"], ["so"]),
        (["so", "so"], ["so"]),
        (["so", "or so"], ["so", "or so"]),
        (["9% of 1 core", "10% of 1 core", "9.5% of 1 core"], ["9 to 10% of 1 core"]),
        (["0.22 times", "throughput", "0.43 times"], ["0.22 to 0.43 times", "throughput"]),
        (["9 to 10%", "8%", "9%"], ["8 to 10%"]),
        # a range of ranges would be unreadable
        (["from 5.0/s to 9.0/s", "from 5.0/s to 8.0/s"], ["from 5.0/s to 9.0/s", "from 5.0/s to 8.0/s"]),
        (["from 5.0/s to 9.0/s", "from 5.0/s to 9.0/s"], ["from 5.0/s to 9.0/s"]),
        ([], []),
    ],
)
def test_doubts_that_differ_only_in_figures_are_stated_once(doubts: list[str], one: list[str]) -> None:
    assert together(doubts) == one
