import json
import re
import shlex
from base64 import b64encode
from hashlib import sha256
from html import unescape
from urllib.parse import urlencode

import pytest

from contract import index
from contract.icon import favicon
from contract.operations import OPERATIONS
from contract.page import GROUPS
from contract.parameters import Nothing, Preferences
from contract.replies import HTML, JSON, SVG, Reply
from contract.services import UPSTREAM
from contract.settings import Settings
from tests.contract.support.asking import whole

BEFORE_THE_URL = {"answer": ["-d", "soup"], "drip": ["-N"], "sse": ["-N"]}
"""The curl options of an operation: a body to send, or -N to show a stream as it arrives."""


def asked(host: str = "127.0.0.1:8001", accept: str = "", service: str = "sync_app") -> Reply:
    return index.reply(OPERATIONS, Preferences(host=host, accept=accept), service)


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
    assert (reply.status, reply.content_type, reply.headers["Vary"]) == (200, HTML, "Accept")
    assert page.count("<pre>") == len(OPERATIONS)
    for row in json.loads(whole(asked()))["endpoints"]:
        assert page.count(f"<pre>{row['curl']}</pre>") == 1
        assert page.count(f">{row['path']}</a>") == (row["method"] == "GET")  # only a GET can be a link
        assert page.count(f">{row['method']} {row['path']}</h3>") == (row["method"] != "GET")
        assert row["summary"] in page


def test_the_page_loads_nothing_and_its_policy_allows_only_its_own_script_and_style() -> None:
    reply = asked(host="twins.test", accept="text/html")
    page, policy = whole(reply).decode(), reply.headers["Content-Security-Policy"]
    for kind in ("script", "style"):
        (source,) = re.findall(f"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        assert f"{kind}-src 'sha256-{b64encode(sha256(source.encode()).digest()).decode()}';" in policy
        page = page.replace(source, "")
    assert policy.startswith("default-src 'none';")
    assert re.findall("(?:src|href)=['\"]?([^'\" >]+)", page)[0] == "/favicon.ico"
    assert page.replace("http://twins.test/", "").count("//") == 0


@pytest.mark.parametrize(
    ("service", "host", "headline", "other"),
    [
        ("sync_app", "127.0.0.1:8001", "sync_app, the blocking twin, on Flask", "http://127.0.0.1:8002"),
        ("async_app", "Twins.test:8002", "async_app, the non-blocking twin, on aiohttp", "http://twins.test:8001"),
        ("sync_app", "[::1]:8001", "sync_app, the blocking twin, on Flask", "http://[::1]:8002"),
        ("sync_app", "127.0.0.1:8005", "sync_app, the blocking twin, on Flask", None),  # where is the other one?
        ("async_app", "twins.test", "async_app, the non-blocking twin, on aiohttp", None),
        ("peers.django_async", "127.0.0.1:8001", "django-async, a framework beside the twins", None),
    ],
)
def test_the_page_says_who_serves_it_and_knows_the_other_twin_beside_the_default_port(
    service: str, host: str, headline: str, other: str | None
) -> None:
    reply = asked(host, "text/html", service)
    page, policy = whole(reply).decode(), reply.headers["Content-Security-Policy"]
    assert f"<h1>{headline}</h1>" in page
    assert f"<button>Call {headline.partition(',')[0]}</button>" in page
    assert re.findall("href='(http:[^']*)/'", page) == ([other] if other else [])
    assert re.findall('data-twin-url="([^"]*)"', page) == ([other] if other else [])
    allowed = other or "'none'"
    assert policy.endswith(f"; frame-src {allowed}; frame-ancestors {allowed}")


def test_every_service_sends_the_same_json() -> None:
    assert asked(service="async_app") == asked(service="peers.sanic") == asked()


def test_the_page_has_every_endpoint_in_one_group() -> None:
    assert sorted(name for group in GROUPS for name in group.names) == sorted(each.name for each in OPERATIONS)


def test_a_form_has_the_parameters_of_the_example_and_needs_a_script_only_if_a_plain_get_would_not_do() -> None:
    page = unescape(whole(asked(accept="text/html")).decode())
    forms = {found[2]: found for found in re.finditer(r"<form action='([^']*)' data-name=\"(\w+)\"(.*?)</form>", page)}
    assert forms.keys() == {operation.name for operation in OPERATIONS}
    for operation in OPERATIONS:
        form = forms[operation.name]
        values = dict(re.findall(r"<input name=(\w+) value='?([^'>]*)'?", form[3]))
        values |= dict(re.findall(r"<select name=(\w+)>.*?<option selected>(\w+)", form[3]))
        assert values.keys() == operation.takes.model_fields.keys() - {*operation.takes.from_headers}
        assert form[3].count("<label>") == len(values)
        plain = operation.method == "GET" and "{" not in operation.path
        assert (" hidden>" in form[3]) == (not plain)
        if plain:
            assert form[1] == operation.path
            target = f"{operation.path}?{urlencode(values)}"
            by_form, example = (operation.parse(each, {}, Settings()) for each in (target, operation.example))
            assert by_form == example


def test_each_service_has_an_icon_of_its_own_that_a_browser_keeps() -> None:
    known = [favicon(Nothing(), service) for service in ("sync_app", "async_app", UPSTREAM, "peers.fastapi")]
    assert [re.findall(">(.)</text>", whole(each).decode()) for each in known] == [["S"], ["A"], ["U"], ["f"]]
    assert {each.headers["Cache-Control"] for each in known} == {"max-age=86400"}
    assert {each.content_type for each in known} == {SVG}


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
