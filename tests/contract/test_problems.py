import json
from http import HTTPStatus

import pytest

from contract.problems import (
    Problem,
    bad_gateway,
    bad_request,
    body_too_large,
    disk_full,
    echo,
    internal_error,
    length_required,
    method_not_allowed,
    no_free_connection,
    not_configured,
    not_found,
    not_reachable,
    timed_out,
    too_many_in_flight,
)
from tests.contract.support.asking import whole

EVERY = [
    (bad_request("n must be 1; got '2'."), 400, {}),
    (not_found("/nope?x=1"), 404, {}),
    (method_not_allowed("POST", ("GET", "HEAD", "OPTIONS")), 405, {"Allow": "GET, HEAD, OPTIONS"}),
    (length_required(4096), 411, {}),
    (body_too_large(4096), 413, {}),
    (internal_error(), 500, {}),
    (too_many_in_flight(1), 503, {"Retry-After": "1"}),
    (no_free_connection("database", 10, 0.5), 503, {"Retry-After": "1"}),
    (not_reachable("database"), 503, {"Retry-After": "1"}),
    (not_configured("DATABASE_URL"), 503, {"Retry-After": "60"}),
    (bad_gateway("The upstream makes no sense."), 502, {}),
    (timed_out("3 requests did not meet."), 504, {}),
    (disk_full(), 507, {}),
]


@pytest.mark.parametrize(("problem", "status", "headers"), EVERY)
def test_every_problem_has_the_same_four_members(problem: Problem, status: int, headers: dict[str, str]) -> None:
    reply = problem.reply()
    document = json.loads(whole(reply))
    assert list(document) == ["type", "title", "status", "detail"]
    assert document["type"] == "about:blank"
    assert document["status"] == reply.status == status
    assert document["detail"] == problem.detail
    assert document["detail"].endswith(".")
    assert reply.content_type == "application/problem+json"
    assert reply.headers == headers
    assert whole(reply).endswith(b"}\n")


@pytest.mark.parametrize(
    ("problem", "detail"),
    [
        (
            no_free_connection("database", 10, 0.5),
            "None of the 10 connections of this process to the database was free within 0.5 s.",
        ),
        (not_reachable("database"), "The database cannot be reached."),
        (not_configured("UPSTREAM_URL"), "The service was started without UPSTREAM_URL, which this endpoint needs."),
        (disk_full(), "There is no room left where files are written."),
    ],
)
def test_what_is_missing_is_named(problem: Problem, detail: str) -> None:
    assert problem.detail == detail


# RFC 9110 gave 413 a new name, which http.HTTPStatus has from Python 3.13 on.
NAMES = {status.value: status.phrase for status in HTTPStatus} | {413: "Content Too Large"}


@pytest.mark.parametrize(("problem", "status", "_headers"), EVERY)
def test_the_title_is_the_name_of_the_status(problem: Problem, status: int, _headers: dict[str, str]) -> None:
    assert problem.title == NAMES[status]


def test_a_path_that_is_not_found_is_shown_without_its_query() -> None:
    assert not_found("/nope?secret=1").detail == "Nothing is served at '/nope'; GET / lists what is."


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("", "''"),
        ("1h", "'1h'"),
        ("it's", '"it\'s"'),
        ("\0\r\n", r"'\x00\r\n'"),
        ("\uff11", r"'\uff11'"),
        ("\udcff", r"'\udcff'"),
        ("a" * 80, f"'{'a' * 80}'"),
        ("a" * 81, f"'{'a' * 80}...'"),
    ],
)
def test_what_was_sent_is_shown_quoted_in_ascii_and_cut_short(sent: str, shown: str) -> None:
    assert echo(sent) == shown
