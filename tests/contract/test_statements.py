import string

import pytest

from contract import statements

SENT = {name: value for name, value in vars(statements).items() if name.isupper() and isinstance(value, str)}
BOUND = {
    "IS_PREPARED": {"gone_after"},
    "SLEEP": {"number", "delay"},
    "GIVE": {"question", "answer"},
    "TAKE": {"question", "kept_for"},
    "TIDY": {"kept_for", "most"},
    "ANNOUNCE": {"question"},
}


@pytest.mark.parametrize("name", SENT)
def test_a_statement_has_places_for_its_values_and_no_other_percent_sign(name: str) -> None:
    places = {place: f"<{place}>" for place in BOUND.get(name, set())}
    filled = SENT[name] % places
    assert all(value in filled for value in places.values())
    assert "%" not in filled


@pytest.mark.parametrize("name", SENT)
def test_no_statement_is_a_template(name: str) -> None:
    assert [field for _, field, _, _ in string.Formatter().parse(SENT[name]) if field is not None] == []


def test_an_answer_is_announced_where_it_is_listened_for() -> None:
    channel = statements.LISTEN.removeprefix("LISTEN ")
    for statement in (statements.GIVE, statements.ANNOUNCE):
        assert f"pg_notify('{channel}', %(question)s)" in statement
