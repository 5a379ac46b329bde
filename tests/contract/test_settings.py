import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from contract.settings import Settings

README = Path(__file__).parents[2] / "README.md"


def test_an_empty_environment_means_the_defaults() -> None:
    assert Settings.from_mapping({}) == Settings(
        max_duration=10,
        max_in_flight=10_000,
        threads=32,
        web_concurrency=1,
        pool_size=10,
        pool_timeout=10,
        upstream_url=None,
        database_url=None,
        file_directory=None,
    )


def test_each_setting_is_read_from_the_variable_of_its_name_in_capitals() -> None:
    environment = {
        "MAX_DURATION": "2.5",
        "MAX_IN_FLIGHT": "7",
        "THREADS": "64",
        "WEB_CONCURRENCY": "3",
        "POOL_SIZE": "5",
        "POOL_TIMEOUT": "0.5",
        "UPSTREAM_URL": "http://upstream.test:8003",
        "DATABASE_URL": "postgresql://somebody@database.test/answers",
        "FILE_DIRECTORY": "/files",
    }
    assert environment.keys() == {name.upper() for name in Settings.model_fields}
    assert Settings.from_mapping({**environment, "HOME": "/"}) == Settings(
        max_duration=2.5,
        max_in_flight=7,
        threads=64,
        web_concurrency=3,
        pool_size=5,
        pool_timeout=0.5,
        upstream_url="http://upstream.test:8003",
        database_url="postgresql://somebody@database.test/answers",
        file_directory="/files",
    )


@pytest.mark.parametrize("name", ["UPSTREAM_URL", "DATABASE_URL", "FILE_DIRECTORY"])
def test_where_to_turn_to_is_not_known_from_an_empty_variable(name: str) -> None:
    assert Settings.from_mapping({name: ""}) == Settings()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8003",
        "http://127.0.0.1:8003/",
        "https://upstream",
        "http://a-b.c_d:80",
        "http://[::1]:8003",
        "http://localhost",
    ],
)
def test_an_upstream_is_a_host_and_maybe_a_port(url: str) -> None:
    assert Settings.from_mapping({"UPSTREAM_URL": url}).upstream_url == url


def test_a_variable_in_small_letters_is_another_variable() -> None:
    assert Settings.from_mapping({"max_duration": "2"}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("MAX_DURATION", value) for value in ("0", "-1", "60.1", "nan", "inf", "1e999", "abc", "", "10s")),
        *(("MAX_IN_FLIGHT", value) for value in ("0", "-1", "1000001", "1.5", "abc", "")),
        *(("THREADS", value) for value in ("0", "-1", "1025", "1.5", "abc", "")),
        *(("WEB_CONCURRENCY", value) for value in ("0", "-1", "257", "1.5", "abc", "")),
        *(("POOL_SIZE", value) for value in ("0", "-1", "1001", "1.5", "abc", "")),
        *(("POOL_TIMEOUT", value) for value in ("0", "-1", "60.1", "nan", "inf", "abc", "", "1s")),
        *(("UPSTREAM_URL", value) for value in ("upstream", "upstream:8003", "ftp://a", "http://", "http://a b", " ")),
        *(
            ("UPSTREAM_URL", f"http://{value}")
            for value in ("a/path", "a?q", "a#f", "me@a", "a:b", "a:", ":80", "[::1")
        ),
        *(("UPSTREAM_URL", f"http://{value}") for value in ("a\n", "a\r\nHost: b", "é", "a:800000", "[a]b", "::1")),
    ],
)
def test_a_bad_value_is_told_in_one_sentence_that_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name}={re.escape(repr(value))} cannot be used: [^\n]+\.$"):
        Settings.from_mapping({name: value})


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().threads = 1


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_readme_tells_of_every_setting(name: str) -> None:
    assert re.search(rf"\b{name.upper()}\b", README.read_text())
