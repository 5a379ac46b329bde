import re
from collections.abc import Mapping
from typing import Any

import pytest

from loadtest.contenders.request import METHODS, Expected, Request, expected, header, json_body

SENTENCE = "takes status=CODE, header=NAME:VALUE or body=TEXT; got "


def refusal(made: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(ValueError, match=r".") as refused:
        made(*arguments, **named)
    return str(refused.value)


def test_a_request_that_could_not_be_sent_is_refused_with_what_is_wrong() -> None:
    one_of = "the method is one of DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT; got "
    ascii_only = "the path takes ASCII characters without spaces or #, encoded as %20; got "
    cases: list[tuple[dict[str, Any], str]] = [
        *(({"path": path}, f"the path must begin with a slash; got {path!r}") for path in ("", "slow", "?x=/")),
        ({"path": "//slow"}, "the path must begin with one slash; got '//slow'"),
        *(({"path": path}, ascii_only + repr(path)) for path in ("/a b", "/é", "/#top", "/a\n", "/a\tb", "/\x7f")),
        *(
            ({"path": path}, f"the path has a % without two hexadecimal digits, encoded as %25; got {path!r}")
            for path in ("/%", "/100%", "/%2", "/%zz", "/x?like=%a%20")
        ),
        *(({"method": method}, one_of + repr(method)) for method in ("get", "", "CONNECT", "TRACE", "GET /")),
        *(
            ({"headers": {name: "x"}}, f"{name!r} cannot be the name of a header")
            for name in ("", "X Y", "X:", "Ü", "X\n")
        ),
        *(
            ({"headers": {name: "x"}}, f"the header {name} is set by the HTTP client")
            for name in ("Host", "content-length", "Connection", "TRANSFER-ENCODING")
        ),
        *(
            ({"headers": {"X": value}}, "the header X takes printable ASCII characters")
            for value in ("s3cr\net", "é", "\x00", "a\tb")
        ),
        ({"path": "/orders/{id}"}, "braces in the path take uuid, n; got '/orders/{id}'"),
        (
            {"headers": {"X": "a{id}"}, "rows": ({"at": "1"},)},
            "braces in the header X take uuid, n, at; got 'a{id}'",
        ),
    ]
    for changes, complaint in cases:
        assert refusal(Request, **changes) == complaint


def test_every_other_request_is_taken_as_it_is() -> None:
    for path in ("/", "/a%2Fb;c=1?q=a+b&q=&x=%C3%A9", "/?url=http://x//y", "/x?y=[1]|'$"):
        assert Request(path).path == path
    assert set(METHODS) == {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
    for method in METHODS:
        assert Request("/x?y", method).told == Request("/x?y", method).label == f"{method} /x?y"
    assert Request("/x", name="slow").label == "slow"
    Request(headers={"X-Empty": "", "Authorization": "Bearer a.b~c+d/e=", "Content-Type": "text/plain; charset=utf-8"})
    assert Request(body='{"id": 7, "of": {"a": "é"}}').fixed


def test_values_in_braces_are_encoded_for_where_they_stand() -> None:
    rows = ({"name": 'a/b "c"'}, {"name": "d"})
    asked = Request(
        "/{name}?n={n}&id={uuid}",
        "POST",
        {"content-type": "application/json", "X-Name": "{name}"},
        '{"name": "{name}", "n": {n}, "other": "{x}"}',
        rows=rows,
    )
    assert not asked.fixed
    first, second, third = (asked.sent(number) for number in (1, 2, 3))
    assert re.fullmatch(r"/a%2Fb%20%22c%22\?n=1&id=[0-9a-f-]{36}", first.path)
    assert first.headers["X-Name"] == 'a/b "c"'
    assert first.body == '{"name": "a/b \\"c\\"", "n": 1, "other": "{x}"}'
    assert (second.body, third.headers["X-Name"]) == ('{"name": "d", "n": 2, "other": "{x}"}', 'a/b "c"')
    assert len({each.path.partition("id=")[2] for each in (first, second, third, asked.sent(1))}) == 4
    assert Request(body="{n}").sent(3).body == "3"
    assert Request(body="<{name}>", rows=rows).sent(1).body == '<a/b "c">'


def test_a_header_is_a_name_a_colon_and_a_value() -> None:
    for text, known in (
        ("X: y", ("X", "y")),
        ("X:y:z", ("X", "y:z")),
        ("  X  :  y  ", ("X", "y")),
        ("X:", ("X", "")),
        (":y", ("", "y")),
    ):
        assert header(text) == known
    for secret in ("s3cret", ""):
        assert refusal(header, secret) == "a header reads NAME: VALUE; there is no colon"


def test_a_body_must_be_json_and_the_error_says_where_it_is_not() -> None:
    for text in ('{"id": 7, "name": "é"}', "[]", "null", ' "x" '):
        assert json_body(text) == text
    for text, where in (
        ("", "Expecting value: line 1 column 1 (char 0)"),
        ("{'s3cret': 1}", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ('"s3cret', "Unterminated string starting at: line 1 column 1 (char 0)"),
        ("1 s3cret", "Extra data: line 1 column 3 (char 2)"),
    ):
        assert refusal(json_body, text) == f"the body is not JSON: {where}"


def test_what_is_expected_is_a_status_headers_and_a_part_of_the_body() -> None:
    for texts, known in (
        ([], Expected(200, {}, "")),
        (["status=201"], Expected(201)),
        (["status=404", "status=410"], Expected(410)),
        (["header=X:y", "header=Location: /a=b", "body=a=b"], Expected(200, {"X": "y", "Location": "/a=b"}, "a=b")),
    ):
        assert expected(texts) == known
    for text in ("", "201", "status", "status=", "status=20", "status=600", "status=2xx", "body=", "code=200", "²=1"):
        assert refusal(expected, [text]) == SENTENCE + repr(text)
    assert refusal(expected, ["header=X"]) == "a header reads NAME: VALUE; there is no colon"


def test_an_answer_that_is_not_expected_is_described_without_repeating_it() -> None:
    right = Expected(201, {"Location": "/orders/7", "X": ""}, "söld")
    headers, body = {"location": "/orders/7", "x": "", "server": "s3cret"}, "söld out".encode()
    cases: list[tuple[int, Mapping[str, str], bytes, str | None]] = [
        (201, headers, body, None),
        (200, headers, body, "status 200 instead of 201"),
        (500, {}, b"s3cret", "status 500 instead of 201"),
        (201, {**headers, "location": "s3cret"}, body, "another header Location instead of '/orders/7'"),
        (201, {"location": "/orders/7"}, body, "no header X instead of ''"),
        (201, {}, body, "no header Location instead of '/orders/7'"),
        (201, headers, b"s3cret", "unexpected body: 'söld' is not in it"),
        (201, headers, b"", "unexpected body: 'söld' is not in it"),
        (201, headers, "söld".encode("latin-1"), "unexpected body: 'söld' is not in it"),
    ]
    for status, sent, answer, fault in cases:
        assert right.fault(status, sent, answer) == fault
    for status in (200, 204, 404):
        assert Expected(status).fault(status, {}, b"\xff anything") is None
