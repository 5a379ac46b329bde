import pytest

from loadtest.workload.share import Share


@pytest.mark.parametrize("whole", [0, 1, 2, 3, 7, 200])
@pytest.mark.parametrize("of", [1, 2, 3, 4])
def test_the_parts_make_up_the_whole_and_differ_by_at_most_one(whole: int, of: int) -> None:
    parts = [Share(place, of).part(whole) for place in range(of)]
    assert sum(parts) == whole
    assert max(parts) - min(parts) <= 1


def test_no_two_generators_have_a_number_in_common() -> None:
    assert [[Share(place, 3).number(own) for own in range(3)] for place in range(3)] == [
        [0, 3, 6],
        [1, 4, 7],
        [2, 5, 8],
    ]


def test_generators_begin_at_different_places_of_a_sequence() -> None:
    assert [Share(place, 3).begin(10) for place in range(3)] == [0, 3, 6]
