import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from contract.settings import Settings

README = Path(__file__).parents[2] / "README.md"


def test_an_empty_environment_means_the_defaults() -> None:
    assert Settings.from_mapping({}) == Settings(max_duration=10, max_in_flight=10_000, threads=32, web_concurrency=1)


def test_each_setting_is_read_from_the_variable_of_its_name_in_capitals() -> None:
    environment = {"MAX_DURATION": "2.5", "MAX_IN_FLIGHT": "7", "THREADS": "64", "WEB_CONCURRENCY": "3", "HOME": "/"}
    assert Settings.from_mapping(environment) == Settings(
        max_duration=2.5, max_in_flight=7, threads=64, web_concurrency=3
    )


def test_a_variable_in_small_letters_is_another_variable() -> None:
    assert Settings.from_mapping({"max_duration": "2"}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("MAX_DURATION", value) for value in ("0", "-1", "60.1", "nan", "inf", "1e999", "abc", "", "10s")),
        *(("MAX_IN_FLIGHT", value) for value in ("0", "-1", "1000001", "1.5", "abc", "")),
        *(("THREADS", value) for value in ("0", "-1", "1025", "1.5", "abc", "")),
        *(("WEB_CONCURRENCY", value) for value in ("0", "-1", "257", "1.5", "abc", "")),
    ],
)
def test_a_bad_value_is_told_in_one_sentence_that_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name}='{re.escape(value)}' cannot be used: [^\n]+\.$"):
        Settings.from_mapping({name: value})


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().threads = 1


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_readme_tells_of_every_setting(name: str) -> None:
    assert re.search(rf"\b{name.upper()}\b", README.read_text())
