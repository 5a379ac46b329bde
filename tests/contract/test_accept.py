import pytest

from contract.index import prefers_html

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "TEXT/HTML",
        " text/html ",
        "text/html; charset=utf-8",
        "text/html,*/*",
        "*/*, text/html",
        "text/html;q=0.9, */*;q=0.8",
        "text/html, application/json;q=0.9",
        "text/html;q=0.5, application/json;q=0.4",
        "text/html; level=1; q=0.5, application/*;q=0.4",
        "text/html;q=0.5, image/png",
        "text/html;Q=0.5",
        BROWSER,
    ],
)
def test_html_is_for_those_who_name_it_and_prefer_nothing_that_covers_json(accept: str) -> None:
    assert prefers_html(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/*",
        "application/json",
        "application/*",
        "image/png",
        "text/html;q=0",
        "text/html;q=0.0, */*;q=0",
        "text/html, application/json",
        "application/json, text/html",
        "text/html;q=0.9, application/json",
        "text/html;q=0.8, application/*;q=0.9",
        "text/html;q=0.8, */*;q=0.9",
        "text/html;q=abc",
        "text/html;q=nan",
        "text/html;q=",
        "text/htmlx",
        ",;,=",
    ],
)
def test_json_is_for_everybody_else(accept: str) -> None:
    assert not prefers_html(accept)
