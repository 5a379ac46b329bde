"""Numbers as people type them."""

import pytest

from loadtest.lessons.number import in_unit, prediction


@pytest.mark.parametrize(
    ("text", "number"), [("20", 20), (" 2.5 ", 2.5), ("2,5", 2.5), ("0", 0), ("1000000", 1e6), ("1000,5", 1000.5)]
)
def test_a_number_is_taken_as_people_type_it(text: str, number: float) -> None:
    assert prediction(text) == number


@pytest.mark.parametrize(
    "text", ["", " ", "nan", "inf", "1e999", "1e3", "-1", "20/s", "1_0", "٢", "1000000.1", "1.2.3"]
)
def test_what_is_no_number_is_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^A prediction is a number from 0 to 1,000,000, such as 20 or 2\.5\.$"):
        prediction(text)


def test_a_comma_that_may_mean_thousands_is_asked_about() -> None:
    with pytest.raises(ValueError, match=r"^Write 1000 without a comma, or 1\.000 with a point\.$"):
        prediction("1,000")


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("20", "answers/s", 20),
        ("20/s", "answers/s", 20),
        (" 2,5 answers/s ", "answers/s", 2.5),
        ("1000 ms", "s", 1),
        ("1s", "s", 1),
        ("1.25 s", "ms", 1250),
        ("5 threads", "threads", 5),
    ],
)
def test_a_number_may_carry_the_unit_of_the_question_or_one_of_its_kind(text: str, unit: str, number: float) -> None:
    assert in_unit(text, unit) == number


@pytest.mark.parametrize(("text", "unit"), [("20 ms", "answers/s"), ("5 threads", "s"), ("3 m", "s"), ("1/s", "ms")])
def test_a_unit_of_another_kind_is_refused(text: str, unit: str) -> None:
    with pytest.raises(ValueError, match=f"^The answer is a number of {unit}; got "):
        in_unit(text, unit)
