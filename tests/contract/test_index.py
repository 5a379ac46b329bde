import json
import shlex
from html import unescape

import pytest

from contract import index
from contract.operations import OPERATIONS
from contract.parameters import Preferences
from contract.replies import HTML, JSON, Reply
from tests.contract.support.asking import whole

BEFORE_THE_URL = {"answer": ["-d", "soup"], "drip": ["-N"], "sse": ["-N"]}
"""The curl options of an operation: a body to send, or -N to show a stream as it arrives."""


def asked(host: str = "127.0.0.1:8001", accept: str = "") -> Reply:
    return index.reply(OPERATIONS, Preferences(host=host, accept=accept))


def test_the_index_lists_every_operation_once_in_the_order_of_the_table() -> None:
    reply = asked()
    document = json.loads(whole(reply))
    assert (reply.status, reply.content_type, reply.headers) == (200, JSON, {"Vary": "Accept"})
    assert list(document) == ["name", "about", "endpoints"]
    assert document["endpoints"] == [
        {
            "method": operation.method,
            "path": operation.path,
            "waits_for": operation.waits_for,
            "summary": operation.summary,
            "curl": " ".join(
                ["curl", "-i", *BEFORE_THE_URL.get(operation.name, []), f"'http://127.0.0.1:8001{operation.example}'"]
            ),
        }
        for operation in OPERATIONS
    ]


def test_a_curl_line_is_one_command_for_a_shell() -> None:
    lines = [row["curl"] for row in json.loads(whole(asked()))["endpoints"]]
    assert [shlex.split(line) for line in lines] == [
        ["curl", "-i", *BEFORE_THE_URL.get(operation.name, []), f"http://127.0.0.1:8001{operation.example}"]
        for operation in OPERATIONS
    ]


def test_the_page_holds_the_same_rows_as_the_json() -> None:
    reply = asked(accept="text/html")
    page = unescape(whole(reply).decode())
    assert (reply.status, reply.content_type, reply.headers) == (200, HTML, {"Vary": "Accept"})
    assert page.count("<pre>") == len(OPERATIONS)
    for row in json.loads(whole(asked()))["endpoints"]:
        assert page.count(f"<pre>{row['curl']}</pre>") == 1
        assert page.count(f">{row['path']}</a>") == (row["method"] == "GET")  # only a GET can be a link
        assert page.count(f">{row['method']} {row['path']}</th>") == (row["method"] != "GET")
        assert row["summary"] in page


def test_the_page_asks_nothing_of_another_host() -> None:
    page = whole(asked(host="twins.test", accept="text/html")).decode()
    assert page.replace("http://twins.test/", "").count("//") == 0
    assert "<script" not in page


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8001", "localhost", "twins.test", "TWINS.test:80", "a-b.c", "[::1]", "[::1]:8002", "10.0.0.1:1"],
)
def test_the_curl_lines_call_the_host_that_the_client_called(host: str) -> None:
    assert f"curl -i 'http://{host}/healthz'" in whole(asked(host)).decode()


@pytest.mark.parametrize(
    "host",
    [
        *("", " ", "a b", "a,b", "a/b", "a\\b", "a?b", "a#b", "user@a", "a:b", "a:", ":80", "[::1", "é", "\udcff"),
        *("x';id;'", 'x"', "x`id`", "$(id)", "x&y", "x|y", "<script>alert(1)</script>", "x%0d", "x\r\ny", "x\n", "x_y"),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_a_hostile_host_is_not_echoed(host: str, accept: str) -> None:
    assert asked(host, accept) == asked("127.0.0.1", accept)
