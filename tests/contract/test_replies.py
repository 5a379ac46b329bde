import pytest

from contract.replies import EVENTS, TEXT, Reply, as_json, complete, served_by, server_timing


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


@pytest.mark.parametrize(
    ("reply", "own"),
    [
        (Reply(b"soup"), {"Content-Type": "application/json", "Content-Length": "4"}),
        (Reply(b"", 205, TEXT, {"Content-Length": "0"}), {"Content-Type": TEXT, "Content-Length": "0"}),
        (Reply(b"", 204, TEXT), {"Content-Type": TEXT}),
        (Reply(b"", 304, TEXT), {}),
        (Reply(iter([b"*"]), 200, TEXT, {"Content-Length": "1"}), {"Content-Type": TEXT, "Content-Length": "1"}),
        (Reply(iter([b"*"]), 200, EVENTS), {"Content-Type": EVENTS}),
    ],
)
def test_a_complete_reply_has_the_headers_that_its_status_and_its_body_allow(reply: Reply, own: dict[str, str]) -> None:
    complete_reply = complete(reply, "me", "total;dur=1.0")
    assert complete_reply.headers == {"Served-By": "me", "Server-Timing": "total;dur=1.0", **own}
    assert (complete_reply.body, complete_reply.status) == (reply.body, reply.status)
