import html
import json
from urllib.parse import quote, quote_plus, urlencode

import pytest

from loadtest.contenders.secrets import MASK, NO_SECRETS, Secrets

ENVIRONMENT = {"TOKEN": "t0p s3cret/+=&<é>\"\\'", "SHORT": "t0p", "EMPTY": "", "ODD-NAME": "odd"}


def test_variables_are_replaced_and_their_values_are_secrets_from_then_on() -> None:
    known = Secrets(ENVIRONMENT)
    token = ENVIRONMENT["TOKEN"]
    assert known.masked(token) == token
    for text, expanded in (
        ("", ""),
        ("$TOKEN, $$, {TOKEN}, ${TOKEN", "$TOKEN, $$, {TOKEN}, ${TOKEN"),
        ("a${TOKEN}b${TOKEN}", f"a{token}b{token}"),
        ("${ODD-NAME}", "odd"),
    ):
        assert known.expanded(text) == expanded
    assert json.loads(known.expanded('{"key": "${TOKEN}"}', in_json=True)) == {"key": token}
    assert known.masked(f"a{token}b odd t0p") == f"a{MASK}b {MASK} t0p"
    assert NO_SECRETS.masked(token) == token


def test_a_variable_that_has_no_value_is_refused_by_its_name() -> None:
    for name, complaint in (
        ("MISSING", "the environment variable 'MISSING' is not set"),
        ("EMPTY", "the environment variable 'EMPTY' is empty"),
        ("", "the environment variable '' is not set"),
        ("token", "the environment variable 'token' is not set"),
    ):
        with pytest.raises(ValueError, match=r".") as refused:
            Secrets(ENVIRONMENT).expanded(f"${{SHORT}}${{{name}}}")
        assert str(refused.value) == complaint


def test_a_value_is_masked_in_every_form_that_a_text_may_have_it_in() -> None:
    known = Secrets(ENVIRONMENT)
    token = known.expanded("${TOKEN}")
    forms = (
        token,
        quote(token),
        quote(token, safe=""),
        quote_plus(token),
        json.dumps(token)[1:-1],
        json.dumps(token, ensure_ascii=False)[1:-1],
        repr(token)[1:-1],
        repr(token.encode())[2:-1],
        quote_plus("{" + token, safe="{}")[1:],
        html.escape(token),
        html.escape(token, quote=False),
    )
    for form in forms:
        assert known.masked(f"<{form}>{form}") == f"<{MASK}>{MASK}"
    assert known.masked(urlencode({"key": token})) == f"key={MASK}"
    assert known.masked(json.dumps([token])) == f'["{MASK}"]'


def test_texts_and_keys_are_masked_wherever_they_are_and_nothing_else_is() -> None:
    known = Secrets({"ONE": "first", "TWO": "first and second", "NUMBER": "7"})
    known.expanded("${ONE}${TWO}${NUMBER}")
    value = {"first": [7, 7.5, True, None, "a 7", ("first and second", {"x": "first"})], "rest": {}}
    assert known.masked(value) == {MASK: [7, 7.5, True, None, f"a {MASK}", [MASK, {"x": MASK}]], "rest": {}}


def test_a_header_that_is_named_like_a_secret_is_one() -> None:
    for name, value, shown in (
        ("Authorization", "Bearer s3cret", "Bearer ***"),
        ("authorization", "basic   s3cret", "basic   ***"),
        ("Proxy-Authorization", "Digest s3cret, more", "Digest ***"),
        ("Authorization", "s3cret", "***"),
        ("Authorization", "Bearer", "***"),
        ("Cookie", "session=s3cret; theme=dark", "***"),
        ("Authorization", "ApiKey s3cret", "***"),
        *((name, "s3cret", "***") for name in ("X-API-Key", "X-Auth", "X-CSRF-Token", "Client-Secret", "X-Signature")),
        *((name, "s3cret", "***") for name in ("X-Password", "X-Passwd", "Session-Id", "Credentials")),
        ("Content-Type", "application/json", "application/json"),
        ("X-Request-Id", "s3cret", "s3cret"),
        ("X-API-Key", "", ""),
    ):
        known = Secrets({})
        known.header(name, value)
        assert known.masked(f"{name}: {value}") == f"{name}: {shown}"


def test_the_parts_of_a_header_that_are_secrets_are_masked_alone_too() -> None:
    known = Secrets({})
    known.headers({"Cookie": 'id="s3%20cret"; lang=en; flag', "Authorization": "ApiKey abc", "Accept": "text/html"})
    for text, shown in (
        ("s3%20cret, s3 cret, en", "***, ***, en"),
        ("key=abc, abcd, ApiKey", "key=***, abcd, ApiKey"),
        ("text/html", "text/html"),
    ):
        assert known.masked(text) == shown


def test_a_short_secret_is_masked_where_it_stands_alone() -> None:
    known = Secrets({"WORKERS": "2", "NAME": "{}"})
    known.expanded("${WORKERS}${NAME}")
    for text, shown in (
        ("--workers 2", "--workers ***"),
        ("a=2&b=2.", "a=***&b=***."),
        ("status 201 in 1.2 ms, 2.5 ms, 127.0.0.2", "status 201 in 1.2 ms, 2.5 ms, 127.0.0.2"),
    ):
        assert known.masked(text) == shown


def test_each_line_of_a_secret_is_masked_alone_too() -> None:
    known = Secrets({"KEY": "-- BEGIN\r\n  Zq7Xv9Kp2Lm\nabc\n-- END"})
    known.expanded("${KEY}")
    assert known.masked("x -- BEGIN\nZq7Xv9Kp2Lm\n abc") == "x ***\n***\n abc"
    assert known.masked(known.expanded("${KEY}")) == MASK


def test_braces_of_a_secret_in_a_query_are_masked() -> None:
    known = Secrets({"KEY": "a{b}&c"})
    assert known.masked(urlencode({"key": known.expanded("${KEY}")}, safe="{}")) == f"key={MASK}"
