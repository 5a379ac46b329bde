import os
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from loadtest.cli.main import main
from loadtest.contenders.cores import SHARED, Cores
from loadtest.contenders.service import CORE, lineup
from loadtest.measure.comparison import Comparison
from loadtest.workload import Load
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open
from loadtest.workload.scenarios import ABOUT

SCRIPT = Path(sys.executable).with_name("sync-vs-async")


@pytest.fixture(autouse=True)
def _nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("compare.run_all", "lineup.run_all", "serve.serve_until_stopped", "race.serve_until_stopped"):
        command, _, run = name.partition(".")
        monkeypatch.setattr(import_module(f"loadtest.cli.{command}"), run, lambda *_, **__: pytest.fail("it ran"))


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command, check that it fails with status 1 and one line on standard error, and return the message."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capsys.readouterr()
    assert ended.value.code == 1
    assert out == ""
    program, _, complaint = err.partition(": ")
    assert program in ("sync-vs-async", *(f"sync-vs-async {command}" for command in ("compare", "serve", "lineup")))
    assert err.endswith("\n")
    assert err.count("\n") == 1
    return complaint.rstrip()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("--services nope", f"There is no service 'nope'; choose from {', '.join(lineup(1))}."),
        ("--services flask,", "There is no service ''; choose from "),
        ("--services=", "There is no service ''; choose from "),
        ("--services flask,flask", "Each service can be compared once; got flask, flask."),
        ("--services flask:workers=0", "'flask:workers=0': workers takes a whole number of at least 1; got '0'."),
        ("--services flask:threads=4", "'flask:threads=4': a sync worker has one thread"),
        *(
            (f"--users={users}", "--users takes whole numbers from 1 to 10000, separated by commas; got ")
            for users in ("", "0", "x", "-1", "1.5", "1,,2", "1,0", "10001", "²", "٣", "1;2", "9" * 5000)
        ),
        *(
            (
                f"--delay={delay}",
                f"--delay takes seconds (0.25) or a number with a unit (250ms, 1.5s), from 1ms to 10 s; got '{delay}'.",
            )
            for delay in ("", "1h", "-1", "nan", "11", "10001ms", "x")
        ),
        ("--delay 0", "--delay takes at least 1ms, so that there is a wait to measure; got '0'."),
        ("--delay 0.9ms", "--delay takes at least 1ms"),
        ("--think x", "--think takes seconds (0.25) or a number with a unit"),
        *(
            (f"--seconds={seconds}", "--seconds takes a number from 0.5 to 600; got ")
            for seconds in ("0", "0.49", "-1", "601", "nan", "inf")
        ),
        ("--seconds x", "--seconds takes a number from 0.5 to 600; got x."),
        *(
            (f"--repeats={repeats}", "--repeats takes a whole number from 1 to 20; got ")
            for repeats in ("0", "-1", "21")
        ),
        ("--repeats x", "--repeats takes a whole number from 1 to 20; got x."),
        *(
            (f"--target {target}", f"--target takes NAME=http://HOST:PORT, and --path the path; got '{target}'.")
            for target in (
                *(
                    "x",
                    "=http://127.0.0.1:1",
                    "http://127.0.0.1:1",
                    "mine=",
                    "mine=127.0.0.1:1",
                    "mine=ftp://127.0.0.1",
                ),
                *("mine=http://", "mine=http://:80", "mine=http://127.0.0.1:99999", "mine=http://127.0.0.1:x"),
                *("mine=http://127.0.0.1:0", "mine=http://[::1", "mine=http://127.0.0.1/slow"),
                *("mine=http://127.0.0.1?x=1", "mine=http://127.0.0.1#x"),
            )
        ),
        *(
            (f"--target {target}", "--target takes no @: its URL must not contain a user name or a password.")
            for target in (
                "mine=http://ann:s3cret@127.0.0.1:1",
                "mine=http://ann@127.0.0.1:x",
                "http://ann:s3cret@127.0.0.1:1",
                "http://ann:s=t@127.0.0.1:1",
            )
        ),
        ("--target flask=http://127.0.0.1:1", "Each service can be compared once; got flask, "),
        ("--slow-clients 3", "--slow-clients needs --scenario slow-clients; got delay."),
        ("--scenario slow-clients --slow-clients 0", "--slow-clients takes a whole number from 1 to 1000; got 0."),
        ("--path /slow", "--path needs a --target."),
        ("--path /", "--path needs a --target."),
        ("--allow-remote", "--allow-remote needs a --target."),
        ("--target mine=http://127.0.0.1:1 --path=", "--path must begin with a slash; got ''."),
        ("--target mine=http://127.0.0.1:1 --path slow", "--path must begin with a slash; got 'slow'."),
        ("--target mine=http://192.0.2.1", "192.0.2.1 is not this machine. Load on it needs --allow-remote, "),
        ("--target mine=http://[2001:db8::1]:80", "2001:db8::1 is not this machine."),
        ("--target mine=http://0.0.0.0:80", "0.0.0.0 is not this machine."),
        ("--target mine=http://no-such-host.invalid", "The address of 'no-such-host.invalid' was not found: "),
        ("--out /dev/null/x", "--out '/dev/null/x' cannot be written to: Not a directory."),
        ("--out /dev/null", "--out '/dev/null' cannot be written to: File exists."),
        ("--out /proc", "--out '/proc' cannot be written to: "),
        *(
            (f"--scenario={name}", f"Invalid value for '--scenario': '{name}' is not one of 'delay', ")
            for name in ("", "nope", "Query", "barrier", "answer")
        ),
        (
            "--scenario fanout --delay 11s",
            "--delay takes seconds (0.25) or a number with a unit (250ms, 1.5s), from 1ms to 2 s; got '11s'.",
        ),
        ("--scenario fanout --delay 2.1s", "--delay takes at most 2s for fanout; got '2.1s'."),
        *(
            (f"--services=aiohttp:pool-size={size}", f"'aiohttp:pool-size={size}': pool-size takes a whole number ")
            for size in ("", "0", "-1", "x")
        ),
        *(
            (
                f"--scenario={scenario} --services aiohttp:workers=2:pool-size=250",
                "aiohttp:workers=2:pool-size=250 would open 502 connections to the database, which accepts 500; ",
            )
            for scenario in ("query", "ask", "mixed")
        ),
        *(
            (
                f"--rate={rates}",
                f"--rate takes arrivals per second from 0.1 to 20000, separated by commas; got {rates!r}.",
            )
            for rates in (
                "",
                "0",
                "0.09",
                "20001",
                "100000",
                "x",
                "-1",
                "1,,2",
                "1,0",
                "1e2",
                "nan",
                "inf",
                "1.2345",
                "²",
            )
        ),
        ("--rate 20 --users 1", "--rate takes the place of --users and --think: arrivals do not wait for answers."),
        ("--rate 20 --think 1s", "--rate takes the place of --users and --think: arrivals do not wait for answers."),
        ("--rate 20 --arrivals bursts", "Invalid value for '--arrivals': 'bursts' is not one of 'poisson', 'even'."),
        *(
            (f"--rate 20 --seed={seed}", f"--seed takes a whole number from 0 to 1000000000; got {seed}.")
            for seed in ("-1", "x", "1.5", "1000000001")
        ),
        *(
            (f"--rate 20 --clients={clients}", f"--clients takes a whole number from 1 to 100000; got {clients}.")
            for clients in ("0", "-1", "x", "100001")
        ),
        *(
            (f"{option}={text}", f"{option.split()[-1]} takes seconds (0.25) or a number with a unit (250ms, 1.5s), ")
            for option in ("--rate 20 --patience", "--rate 20 --deadline", "--deadline")
            for text in ("", "x", "1h", "-1", "nan")
        ),
        *(
            (f"--rate 20 --{option} {text}", f"--{option} takes at least 1ms; got '{text}'.")
            for option in ("patience", "deadline")
            for text in ("0", "0.9ms")
        ),
        *(
            (f"--{option}", f"--{option.split()[0]} needs --rate.")
            for option in ("arrivals poisson", "arrivals even", "seed 1", "patience 10s", "clients 7")
        ),
        *(
            (f"--rate 20 {option}", f"--patience must be longer than --delay, or no request is answered; got {got}s.")
            for option, got in (
                ("--patience 100ms --delay 100ms", 0.1),
                ("--patience 100ms", 0.1),
                ("--delay 10s", 10),
                ("--scenario cpu --patience 200ms", 0.2),
            )
        ),
        (
            "--rate 20 --deadline 3s --patience 2s",
            "--patience must be at least as long as the deadline, 3s; got 2s.",
        ),
        ("--nope", "No such option '--nope'."),
        *(
            (f"--cores={cores}", f"--cores takes shared or two lists such as service=0-1,others=2-3; got {cores!r}.")
            for cores in (
                "",
                "2",
                "0,1",
                "service=0",
                "others=1,service=0",
                "service=1-0,others=2",
                "service=x,others=1",
            )
        ),
    ],
)
def test_a_mistake_is_one_clear_line_and_status_1(
    arguments: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(["compare", *arguments.split()], capsys).startswith(complaint)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("--services nope", "There is no service 'nope'; choose from flask, "),
        ("--services flask,flask", "Each service can be served once; got flask, flask."),
        ("--services aiohttp:port=1", "'aiohttp:port=1': 'port=1' is not one of workers=N, "),
        ("--users 1", "No such option '--users'."),
        ("--cores shared", "No such option '--cores'."),
    ],
)
def test_a_mistake_of_serve_is_one_clear_line_and_status_1(
    arguments: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(["serve", *arguments.split()], capsys).startswith(complaint)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("--services nope", "There is no service 'nope'; choose from flask, "),
        ("--services aiohttp,all", "Each service can be compared once; got aiohttp, flask, flask-threads, "),
        ("--seconds 0.4", "--seconds takes a number from 0.5 to 600; got 0.4."),
        ("--repeats 0", "--repeats takes a whole number from 1 to 20; got 0."),
        ("--out /dev/null/x", "--out '/dev/null/x' cannot be written to: Not a directory."),
        ("--users 1", "No such option '--users'."),
        ("--trace", "No such option '--trace'."),
        ("--cores 0-1", "--cores takes shared or two lists such as service=0-1,others=2-3; got '0-1'."),
    ],
)
def test_a_mistake_of_lineup_is_one_clear_line_and_status_1(
    arguments: str, complaint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("loadtest.contenders.service.version", lambda _name: "1.0")
    monkeypatch.setattr("peers.rows.version", lambda _name: "1.0")
    assert refused(["lineup", *arguments.split()], capsys).startswith(complaint)


@pytest.mark.parametrize("command", ["compare", "serve", "lineup"])
def test_a_framework_that_is_not_installed_is_one_line_that_says_how_to_install_it(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def version(name: str) -> str:
        if name == "Django":
            raise PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr("loadtest.contenders.service.version", version)
    monkeypatch.setattr("peers.rows.version", version)
    told = refused([command, "--services", "all"], capsys)
    assert told.startswith("django needs Django, which is not installed: `make install-lineup` installs every ")
    assert "--editable '.[django]'` this one alone." in told


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "Missing command."),
        (["measure"], "No such command 'measure'."),
    ],
)
def test_a_missing_command_is_a_mistake_too(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(arguments, capsys).startswith(complaint)


def test_a_mistake_starts_nothing_and_writes_nothing(tmp_path: Path) -> None:
    ran = subprocess.run(
        [SCRIPT, "compare", "--users", "0"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "sync-vs-async: --users takes whole numbers from 1 to 10000, separated by commas; got '0'.\n"
    assert list(tmp_path.iterdir()) == []


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "compare" in told
    assert "serve" in told


@pytest.mark.parametrize("command", ["compare", "serve", "lineup"])
def test_help_has_examples_that_can_be_pasted(command: str) -> None:
    ran = subprocess.run([SCRIPT, command, "--help"], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stderr == ""
    examples = ran.stdout.partition("examples:\n")[2]
    assert re.findall(rf"^  sync-vs-async {command}( --quick)? ", examples, flags=re.MULTILINE)
    assert max(map(len, examples.splitlines())) <= 120
    options = set(re.findall(r"(--[a-z-]+)", ran.stdout.partition("examples:\n")[0]))
    assert set(re.findall(r"(--[a-z-]+)", examples)) <= options
    assert "exit status: 0 " in examples


@pytest.mark.parametrize("size", ["0", "x", "1001"])
def test_a_pool_size_in_the_environment_that_cannot_be_used_is_a_mistake(
    size: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POOL_SIZE", size)
    assert refused(["compare"], capsys).startswith(f"POOL_SIZE='{size}' is invalid: ")


def planned(arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str = "compare") -> Comparison:
    """Return the comparison that `compare` would run with these arguments, or the first of `lineup`."""
    found: list[Comparison] = []

    def take(comparisons: Mapping[str, Comparison], *_: object, **__: object) -> int:
        found.extend(comparisons.values())
        return 0

    monkeypatch.setattr(import_module(f"loadtest.cli.{command}"), "run_all", take)
    with pytest.raises(SystemExit) as ended:
        main([command, "--out", str(tmp_path), *arguments.split()])
    assert ended.value.code == 0
    assert {comparison.cores for comparison in found} == {found[0].cores}
    return found[0]


@pytest.fixture
def _four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that there are four usable cores, and that every framework is installed."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr("loadtest.contenders.cores.quota", lambda: None)
    monkeypatch.setattr("loadtest.contenders.cores._physical", lambda core: core)
    monkeypatch.setattr("loadtest.contenders.service.version", lambda _name: "1.0")
    monkeypatch.setattr("peers.rows.version", lambda _name: "1.0")


CHOSEN = "service=0,others=1-3"


@pytest.mark.usefixtures("_four_cores")
@pytest.mark.parametrize(
    ("command", "arguments", "cores", "workers"),
    [
        ("compare", "", Cores((0, 1), (2, 3)), {"flask": 5, "flask-threads": 2, "flask-gevent": 2, "aiohttp": 2}),
        ("compare", "--quick", Cores((0, 1), (2, 3)), {"flask": 5, "flask-threads": 2, "aiohttp": 2}),
        ("compare", "--quick --cores shared", SHARED, {"flask": 9, "flask-threads": 4, "aiohttp": 4}),
        ("compare", f"--services flask,aiohttp --cores {CHOSEN}", Cores((0,), (1, 2, 3)), {"flask": 3, "aiohttp": 1}),
        ("compare", f"--cores {CHOSEN} --services flask,aiohttp", Cores((0,), (1, 2, 3)), {"flask": 3, "aiohttp": 1}),
        (
            "compare",
            f"--services aiohttp:workers=3 --cores {CHOSEN}",
            Cores((0,), (1, 2, 3)),
            {"aiohttp:workers=3": 3},
        ),
        *(
            (command, arguments, cores, {name: service.workers for name, service in lineup(size).items()})
            for command in ("compare", "lineup")
            for arguments, cores, size in (
                ("--services all", Cores((0, 1), (2, 3)), 2),
                (f"--services all --cores {CHOSEN}", Cores((0,), (1, 2, 3)), 1),
                (f"--cores {CHOSEN} --services all", Cores((0,), (1, 2, 3)), 1),
                ("--cores shared --services all", SHARED, 4),
            )
        ),
        ("lineup", "", Cores((0, 1), (2, 3)), {name: service.workers for name, service in lineup(2).items()}),
        ("lineup", "--cores shared", SHARED, {name: service.workers for name, service in lineup(4).items()}),
    ],
)
def test_the_sizes_of_services_follow_their_cores_wherever_the_option_stands(  # noqa: PLR0913, PLR0917 - a table of cases
    command: str,
    arguments: str,
    cores: Cores,
    workers: dict[str, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    comparison = planned(arguments, tmp_path, monkeypatch, command)
    assert comparison.cores == cores
    assert {known.name: known.processes for known in comparison.results(complete=False).contenders} == workers


@pytest.mark.usefixtures("_four_cores")
@pytest.mark.parametrize("command", ["compare", "lineup"])
@pytest.mark.parametrize(
    ("cores", "complaint"),
    [
        ("service=0,others=4", "--cores: core 4 is not usable; those that are: 0-3."),
        ("service=0-1,others=1", "--cores: core 1 is in both lists; use --cores shared to share all cores."),
    ],
)
def test_cores_that_cannot_be_had_are_one_clear_line_and_status_1(
    command: str, cores: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused([command, "--cores", cores], capsys) == complaint


@pytest.mark.parametrize("command", ["compare", "lineup"])
def test_help_says_how_cores_are_chosen(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "--cores LIST Cores of the services, and of the load generator, database and upstream: two lists" in told
    assert "service=0-1,others=2-3, or shared (default: one half of the cores each; " in told


@pytest.mark.parametrize(
    ("environment", "services", "pools"),
    [
        ({}, "flask-threads:workers=1,aiohttp:workers=1", [10, 10]),
        ({"POOL_SIZE": "7"}, "flask-threads:workers=1,aiohttp:workers=1", [7, 7]),
        ({"POOL_SIZE": "7"}, "flask-threads:workers=1,aiohttp:workers=1:pool-size=30", [7, 30]),
        ({"POOL_SIZE": "7"}, "aiohttp:workers=3", [21]),
        ({}, "aiohttp:workers=1:pool-size=1,aiohttp:workers=1:pool-size=50", [1, 50]),
    ],
)
def test_the_size_of_the_pools_reaches_the_services_and_what_is_foretold_of_them(
    environment: dict[str, str], services: str, pools: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POOL_SIZE", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    arguments = f"--scenario query --services {services} --users 400 --delay 100ms"
    comparison = planned(arguments, tmp_path, monkeypatch)
    contenders = comparison.results(complete=False).contenders
    for service, contender, pool in zip(comparison.services, contenders, pools, strict=True):
        assert contender.processes
        assert contender.environment == {"POOL_SIZE": str(pool // contender.processes), "POOL_TIMEOUT": "60"}
        (step,) = comparison.planned(service)
        kind_of_limit = "slots" if pool > 32 and contender.kind == "blocking" else "database pool"
        assert step.predicted.bound == kind_of_limit
        assert step.predicted.throughput == pytest.approx(pool / 0.1)


@pytest.mark.parametrize(
    ("arguments", "loads"),
    [
        ("--users 3,1", [Closed(1), Closed(3)]),
        ("--users 2 --think 1s", [Closed(2, 1.0)]),
        ("--rate 20", [Open(20)]),
        ("--rate 100,8,20,8", [Open(8), Open(20), Open(100)]),
        ("--rate 0.1,20000,12.125", [Open(0.1), Open(12.125), Open(20_000)]),
        ("--rate 20 --arrivals poisson --seed 1 --patience 10s", [Open(20)]),
        ("--rate 20 --arrivals even", [Open(20, "even")]),
        ("--rate 20,40 --seed 0", [Open(20, seed=0), Open(40, seed=0)]),
        ("--rate 20 --patience 250ms", [Open(20, patience=0.25)]),
        ("--rate 20 --clients 1", [Open(20, clients=1)]),
        ("--rate 20 --think 0s", [Open(20)]),
    ],
)
def test_rates_take_the_place_of_users(
    arguments: str, loads: list[Load], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = planned(f"--services aiohttp:workers=1 {arguments}", tmp_path, monkeypatch)
    assert comparison.results(complete=False).options.loads == loads


@pytest.mark.parametrize(
    ("arguments", "seconds", "deadlines"),
    [
        ("", 1.0, []),
        ("--quick", 0.5, []),
        ("--rate 20", 5.0, []),
        ("--rate 20 --quick", 2.5, []),
        ("--rate 20 --seconds 3", 3.0, []),
        ("--rate 20 --deadline 1s", 5.0, [1.0]),
        ("--rate 20 --deadline 1s --patience 1s", 5.0, [1.0]),
        ("--rate 20 --delay 999ms --patience 1s", 5.0, []),
        ("--rate 20 --scenario healthz --patience 100ms", 5.0, []),  # it ignores the delay
        ("--delay 10s", 1.0, []),  # users have no patience
        ("--deadline 250ms", 1.0, [0.25]),
    ],
)
def test_windows_of_arrivals_are_longer_and_a_deadline_holds_for_any_load(
    arguments: str, seconds: float, deadlines: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = planned(f"--services aiohttp:workers=1 {arguments}", tmp_path, monkeypatch).results(complete=False).options
    assert (asked.seconds, asked.deadlines) == (seconds, deadlines)


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        ("--services aiohttp", set()),
        ("--scenario query --services aiohttp", {"database"}),
        ("--scenario fetch --services aiohttp", {"upstream"}),
        ("--scenario mixed --services flask,aiohttp", {"database", "upstream"}),
    ],
)
def test_what_a_scenario_needs_is_brought_up_for_it(
    arguments: str, needed: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert planned(arguments, tmp_path, monkeypatch).needs == needed


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ("", CORE),
        ("--quick", ("flask", "flask-threads", "aiohttp")),
        ("--services all", tuple(lineup(1))),
        ("--services aiohttp,flask", ("aiohttp", "flask")),
    ],
)
def test_all_is_the_whole_line_up_and_nothing_named_is_what_is_always_installed(
    arguments: str, names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loadtest.contenders.service.version", lambda _name: "1.0")
    monkeypatch.setattr("peers.rows.version", lambda _name: "1.0")
    assert tuple(service.name for service in planned(arguments, tmp_path, monkeypatch).services) == names


def test_help_says_what_every_scenario_waits_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["compare", "--help"])
    options, _, examples = capsys.readouterr().out.partition("examples:\n")
    told = " ".join(options.split()).replace("- ", "-")  # lines are broken after hyphens, too
    for name, about in ABOUT.items():
        assert f"{name}: {about}" in told
    shown = re.findall(r"--scenario (\w+)", examples)
    assert len(shown) >= 3
    assert set(shown) <= ABOUT.keys()
    assert "POOL_SIZE=" in examples
    assert "pool-size=" in examples


def test_help_tells_every_exit_status_of_a_comparison() -> None:
    ran = subprocess.run([SCRIPT, "compare", "--help"], capture_output=True, text=True, check=True, timeout=60)
    for status in ("0 conclusive", "2 inconclusive", "1 failed to run"):
        assert status in ran.stdout
