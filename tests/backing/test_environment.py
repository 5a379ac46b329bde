import json
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection

import psutil
import psycopg
import pytest

from backing import BackingFailed
from backing.environment import backing
from tests.backing.support.databases import folder
from tests.loadtest.support.processes import taken


@pytest.fixture(autouse=True)
def _an_empty_cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("UPSTREAM_URL", raising=False)
    with folder() as data:
        monkeypatch.setenv("XDG_CACHE_HOME", str(data.parent))
        yield


def test_what_is_needed_is_there_and_nothing_after_it() -> None:
    with backing({"database", "upstream"}) as (found, processes):
        assert found.keys() == {"DATABASE_URL", "UPSTREAM_URL"}
        commands = {need: " ".join(psutil.Process(pid).cmdline()) for need, pid in processes.items()}
        assert "postgres" in commands["database"]
        assert "backing.upstream" in commands["upstream"]
        with psycopg.connect(found["DATABASE_URL"]) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        address = found["UPSTREAM_URL"].removeprefix("http://")
        with closing(HTTPConnection(address, timeout=30)) as client:
            client.request("GET", "/delay/0")
            assert json.loads(client.getresponse().read()) == {"duration": 0}
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(found["DATABASE_URL"])
    assert not taken(int(address.rpartition(":")[2]))


def test_what_is_not_needed_is_not_started() -> None:
    with backing(()) as found:
        assert found == ({}, {})


def test_what_the_environment_names_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://192.0.2.1/theirs")
    monkeypatch.setenv("UPSTREAM_URL", "http://192.0.2.1")
    with backing({"database", "upstream"}) as found:
        assert found == ({"DATABASE_URL": "postgresql://192.0.2.1/theirs", "UPSTREAM_URL": "http://192.0.2.1"}, {})


def test_an_upstream_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_DURATION", "nan")
    with pytest.raises(BackingFailed) as failure, backing({"upstream"}):
        pytest.fail("it cannot start")
    first, why = str(failure.value).splitlines()
    assert first == "The upstream did not start."
    assert why.startswith("python -m backing.upstream: MAX_DURATION='nan' is invalid: ")
