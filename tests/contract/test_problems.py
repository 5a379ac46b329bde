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
    encoded_body,
    internal_error,
    length_required,
    method_not_allowed,
    no_directory,
    no_free_connection,
    not_configured,
    not_found,
    not_reachable,
    other_origin,
    timed_out,
    too_many_in_flight,
)
from tests.contract.support.asking import whole

EVERY = [
    (bad_request("n must be 1; got '2'."), 400, {}),
    (not_found("/nope?x=1"), 404, {}),
    (method_not_allowed("POST", ("GET", "HEAD", "OPTIONS")), 405, {"Allow": "GET, HEAD, OPTIONS"}),
    (other_origin(), 403, {}),
    (length_required(4096), 411, {}),
    (body_too_large(4096), 413, {}),
    (encoded_body(), 415, {"Accept-Encoding": "identity"}),
    (internal_error(), 500, {}),
    (too_many_in_flight(1), 503, {"Retry-After": "1"}),
    (no_free_connection("database", 10, 0.5), 503, {"Retry-After": "1"}),
    (not_reachable("database"), 503, {"Retry-After": "1"}),
    (not_configured("DATABASE_URL"), 503, {"Retry-After": "60"}),
    (no_directory(), 503, {"Retry-After": "60"}),
    (bad_gateway("The upstream's response is invalid."), 502, {}),
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
            "No connection of this process to the database became free within 0.5 s (pool size: 10).",
        ),
        (not_reachable("database"), "The database is unreachable."),
        (not_configured("UPSTREAM_URL"), "The service was started without UPSTREAM_URL, which this endpoint needs."),
        (no_directory(), "No file can be created in the directory for files (FILE_DIRECTORY)."),
        (disk_full(), "The disk has no space left for this file."),
    ],
)
def test_what_is_missing_is_named(problem: Problem, detail: str) -> None:
    assert problem.detail == detail


# RFC 9110 renamed 413; http.HTTPStatus has the new name since Python 3.13.
NAMES = {status.value: status.phrase for status in HTTPStatus} | {413: "Content Too Large"}


@pytest.mark.parametrize(("problem", "status", "_headers"), EVERY)
def test_the_title_is_the_name_of_the_status(problem: Problem, status: int, _headers: dict[str, str]) -> None:
    assert problem.title == NAMES[status]


def test_a_path_that_is_not_found_is_shown_without_its_query() -> None:
    assert not_found("/nope?secret=1").detail == "No endpoint matches '/nope'; GET / lists the endpoints."


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
