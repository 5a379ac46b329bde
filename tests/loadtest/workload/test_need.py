import pytest

from loadtest.workload.need import Need, parsed


def test_a_need_is_a_rate_or_a_number_of_users() -> None:
    for text, need, label in (
        ("300", Need(rate=300), "300 requests/s"),
        ("300/s", Need(rate=300), "300 requests/s"),
        (" 0.5 /s ", Need(rate=0.5), "0.5 requests/s"),
        ("100000", Need(rate=100_000), "100000 requests/s"),
        ("50 users", Need(users=50), "50 users"),
        ("50users", Need(users=50), "50 users"),
        ("1 user", Need(users=1), "1 user"),
    ):
        assert parsed(text) == need
        assert need.label == label


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "0.0/s", "-1", "+1", "1e3", "nan", "inf", "100001", "1234567", "0.0001", "1,5", "٣٠٠"),
        *("0 users", "1.5 users", "100001 users", "5 people", "users", "300 requests/s", "50 users/s", "300/m"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="--need takes requests per second") as refused:
        parsed(text)
    assert str(refused.value).endswith(f"got {text!r}.")
