"""The options about load generators, without running any."""

from importlib import import_module
from pathlib import Path
from socket import create_server

import pytest

from loadtest.cli.main import main
from loadtest.generator.crew import PORT, TOKEN
from loadtest.measure.comparison import Comparison
from loadtest.processes.room import LOOPBACK
from loadtest.processes.service import ServiceFailed


class Ran(Exception):
    """A run was to begin."""


@pytest.fixture(autouse=True)
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Comparison]:
    """Return the comparisons that would have been run."""
    found: list[Comparison] = []

    def run(comparisons: dict[str, Comparison], *_: object, **__: object) -> int:
        found.extend(comparisons.values())
        return 0

    monkeypatch.delenv(TOKEN, raising=False)
    for command in ("compare", "capacity"):
        monkeypatch.setattr(import_module(f"loadtest.cli.{command}"), "run_all", run)
    return found


def ended(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.mark.parametrize("command", ["compare", "capacity"])
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("--generators 0", "--generators takes a whole number from 1 to 64, or auto; got '0'."),
        ("--generators 65", "--generators takes a whole number from 1 to 64, or auto; got '65'."),
        ("--generators two", "--generators takes a whole number from 1 to 64, or auto; got 'two'."),
        ("--remote-generators -1 --bind 127.0.0.1", "--remote-generators takes a whole number from 1 to 64; got -1."),
        ("--bind 127.0.0.1", "--bind needs --remote-generators."),
        ("--remote-generators 2", "--remote-generators needs --bind, the address of this machine"),
        ("--remote-generators 2 --bind 198.51.100.7", "--bind takes an IPv4 address of this machine, one of 127.0.0.1"),
        ("--remote-generators 2 --bind 0.0.0.0", "--bind takes an IPv4 address of this machine, one of 127.0.0.1"),
        ("--remote-generators 2 --bind 127.0.0.1 --generators 2", "--generators is for processes of this machine"),
        ("--remote-generators 2 --bind 127.0.0.1 --token short", "--token takes at least 16 characters."),
    ],
)
def test_a_mistake_is_told_in_one_line(
    command: str, arguments: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(command, *arguments.split()) == 1
    assert capsys.readouterr().err.removeprefix("sync-vs-async: ").startswith(complaint)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("--master nowhere", "--master: the address of 'nowhere' was not found"),
        ("--master 127.0.0.1:0", f"--master takes HOST:PORT, such as 192.168.1.5:{PORT}; got '127.0.0.1:0'."),
        ("--master 127.0.0.1:x", f"--master takes HOST:PORT, such as 192.168.1.5:{PORT}; got '127.0.0.1:x'."),
        ("--master 127.0.0.1", f"--token, or the variable {TOKEN}, must have the secret that the run printed."),
        ("--master 127.0.0.1 --token x --generators auto", "--generators takes a whole number from 1 to 64; got auto."),
        ("--master 127.0.0.1 --token x --name a/b", "--name takes letters, digits, dots, hyphens and underscores; got"),
    ],
)
def test_a_mistake_on_the_other_machine_is_told_in_one_line(
    arguments: str, complaint: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if "nowhere" in arguments:
        monkeypatch.setattr("socket.getaddrinfo", not_found)
    assert ended("generator", *arguments.split()) == 1
    assert capsys.readouterr().err.removeprefix("sync-vs-async: ").startswith(complaint)


def not_found(*_: object) -> None:
    raise OSError(0, "Name or service not known")


def test_a_target_that_only_this_machine_reaches_gets_no_load_from_others(capsys: pytest.CaptureFixture[str]) -> None:
    target = ("--services", "none", "--target", "mine=http://127.0.0.1:9")
    assert ended("compare", *target, "--remote-generators", "1", "--bind", LOOPBACK) == 1
    assert "mine is at http://127.0.0.1:9, which other machines do not reach" in capsys.readouterr().err


def test_a_service_that_the_run_starts_gets_no_load_from_other_machines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "services.toml"
    file.write_text('[service.mine]\nrun = "python -m http.server {port}"\n[request.home]\npath = "/"\n')
    assert ended("compare", "--config", str(file), "--remote-generators", "1", "--bind", LOOPBACK) == 1
    assert "mine is started by the run at 127.0.0.1, which other machines do not reach." in capsys.readouterr().err


def test_auto_says_what_failed_where_it_cannot_measure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_cores: object) -> float:
        raise ServiceFailed("cheap exited with status 1.")

    monkeypatch.setattr("loadtest.measure.sufficient.cost_of_a_request", fails)
    assert ended("compare", "--services", "aiohttp", "--users", "1", "--generators", "auto") == 1
    assert "--generators auto could not measure what a request costs: cheap exited" in capsys.readouterr().err


def test_a_taken_port_is_told_before_anything_starts(capsys: pytest.CaptureFixture[str]) -> None:
    with create_server((LOOPBACK, PORT)):
        assert ended("compare", "--remote-generators", "1", "--bind", LOOPBACK) == 1
    told, err = capsys.readouterr()
    assert told == ""
    assert f"Load generators cannot come to port {PORT} of 127.0.0.1: " in err


def test_without_options_there_is_one_load_generator(begun: list[Comparison]) -> None:
    assert ended("compare", "--quick", "--services", "aiohttp") == 0
    assert begun[0].crew.alone


@pytest.mark.parametrize("command", ["compare", "capacity"])
def test_as_many_load_generators_are_started_as_asked_for(command: str, begun: list[Comparison]) -> None:
    assert ended(command, "--quick", "--services", "aiohttp", "--generators", "3") == 0
    crew = begun[0].crew
    assert (crew.local, crew.remote, crew.address, crew.port) == (3, 0, LOOPBACK, 0)


def test_the_run_prints_the_command_for_other_machines_with_a_secret_of_its_own(
    begun: list[Comparison], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended("compare", "--quick", "--services", "aiohttp", "--remote-generators", "2", "--bind", LOOPBACK) == 0
    crew = begun[0].crew
    assert (crew.local, crew.remote, crew.port) == (0, 2, PORT)
    assert len(crew.secret) > 30
    told = capsys.readouterr().out
    assert f"{TOKEN}={crew.secret} .venv/bin/sync-vs-async generator --master {LOOPBACK}:{PORT}" in told
    assert crew.secret not in repr(crew)


@pytest.mark.parametrize("command", ["compare", "capacity"])
def test_a_secret_on_the_command_line_is_masked_in_the_results(command: str, begun: list[Comparison]) -> None:
    secret = "a secret of 23 characters"
    asked = ("--quick", "--services", "aiohttp", "--remote-generators", "1", "--bind", LOOPBACK, "--token", secret)
    assert ended(command, *asked) == 0
    told = begun[0].results(complete=False)
    assert "***" in told.command
    assert secret not in told.model_dump_json()


def test_a_secret_that_is_given_is_not_printed(
    begun: list[Comparison], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, "0123456789abcdef")
    assert ended("compare", "--quick", "--services", "aiohttp", "--remote-generators", "2", "--bind", LOOPBACK) == 0
    assert begun[0].crew.secret == "0123456789abcdef"
    assert "0123456789abcdef" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "cores", "cost", "number", "told"),
    [
        ("compare", "2 cores", 0.0003, 1, "0.30 ms of CPU time, so up to 400/s need 1."),
        ("compare", "1 core", 0.003, 1, "3.00 ms of CPU time, so up to 400/s need 2; the cores allow 1."),
        ("compare", "4 cores", 0.003, 2, "3.00 ms of CPU time, so up to 400/s need 2."),
        ("compare --scenario healthz", "2 cores", 0.003, 2, "2 load generators, as many as the cores allow: no limit"),
        ("capacity", "2 cores", 0.0003, 2, "2 load generators, as many as the cores allow: no limit is known before."),
    ],
)
def test_auto_starts_as_many_as_the_steps_need_and_the_cores_allow(  # noqa: PLR0913, PLR0917 - a row of the table
    command: str,
    cores: str,
    cost: float,
    number: int,
    told: str,
    begun: list[Comparison],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("loadtest.measure.sufficient.cost_of_a_request", lambda _cores: cost)
    monkeypatch.setattr("loadtest.measure.sufficient.usable_cores", lambda: 2 * int(cores[0]))
    load = ("--users", "40", "--delay", "100ms") if command.startswith("compare") else ()
    assert ended(*command.split(), "--services", "aiohttp", *load, "--cores", "shared", "--generators", "auto") == 0
    assert begun[0].crew.local == number
    assert told in " ".join(capsys.readouterr().out.split())
