import pytest

from contract.replies import as_json, served_by, server_timing


def test_json_is_one_line_with_the_keys_in_the_order_given() -> None:
    assert as_json({"n": 5, "delay": 0.5, "mode": "é"}) == '{"n":5,"delay":0.5,"mode":"é"}\n'.encode()


@pytest.mark.parametrize(
    ("total", "waited", "value"),
    [
        (0.101, 0.1003, "wait;dur=100.3, total;dur=101.0"),
        (0.00004, 0.0, "wait;dur=0.0, total;dur=0.0"),
        (10.0, 10.0, "wait;dur=10000.0, total;dur=10000.0"),
        (0.0012, None, "total;dur=1.2"),
    ],
)
def test_what_was_measured_is_told_in_milliseconds(total: float, waited: float | None, value: str) -> None:
    assert server_timing(total, waited) == value


def test_served_by_names_the_service_its_process_and_its_lane() -> None:
    assert served_by("async_app", 123, "loop") == "async_app; pid=123; lane=loop"
