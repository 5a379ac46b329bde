import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from contract.settings import Settings

CONFIGURATION = Path(__file__).parents[2] / "docs" / "configuration.md"


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
        "http://[2001:db8::192.0.2.1]:65535",
        "http://127.0.0.1:1",
        f"http://{'a' * 63}.test",
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
            for value in ("a/path", "a?q", "a#f", "a:b", "a:", ":80", "[::1", "a:99999", "a:0", "[1.2]:1", "[::::]:1")
        ),
        *(("UPSTREAM_URL", f"http://{value}") for value in ("a..b", ".a", "a" * 64, "a:٣", "[::1%eth0]", "[]")),
        *(("UPSTREAM_URL", f"http://{value}") for value in ("a\n", "a\r\nHost: b", "é", "a:800000", "[a]b", "::1")),
    ],
)
def test_a_bad_value_is_told_in_one_sentence_that_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name}={re.escape(repr(value))} is invalid: [^\n]+\.$"):
        Settings.from_mapping({name: value})


@pytest.mark.parametrize("url", ["http://ann:s3cret@upstream.test", "http://s3cret@upstream.test:1", "s3cret@"])
def test_a_user_or_password_in_the_address_of_the_upstream_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ValueError, match=r"^UPSTREAM_URL is invalid: [^\n]+ password [^\n]+\.$") as refusal:
        Settings.from_mapping({"UPSTREAM_URL": url})
    assert "s3cret" not in str(refusal.value)


def test_settings_show_no_password() -> None:
    settings = Settings.from_mapping({"DATABASE_URL": "postgresql://ann:s3cret@database.test"})
    assert "s3cret" not in f"{settings!r} {settings}"


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "http://[::::]:1"])
def test_a_bad_address_is_told_in_words(url: str) -> None:
    with pytest.raises(ValueError, match=r"it must be http://HOST or http://HOST:PORT, with a port from 1 to 65535\.$"):
        Settings.from_mapping({"UPSTREAM_URL": url})


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().threads = 1


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_configuration_page_names_every_setting(name: str) -> None:
    assert re.search(rf"\b{name.upper()}\b", CONFIGURATION.read_text())
