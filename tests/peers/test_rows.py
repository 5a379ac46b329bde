import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

import peers.__main__
from async_app.plumbing.service import SERVICE as ASYNC
from backing.upstream import SERVICE as UPSTREAM
from peers.rows import LOOP, PEERS, UVICORN
from serving.command_line import parse
from sync_app.plumbing.service import SERVICE as SYNC

ROOT = Path(__file__).parents[2]
GROUPS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
ROOMS = {path.stem for path in (ROOT / "peers").glob("*.py")} - {"__init__", "__main__", "rows"}

ROWS = pytest.mark.parametrize("name", PEERS)


def test_each_file_has_a_row_and_each_row_a_file() -> None:
    assert {name.replace("-", "_") for name in PEERS} == ROOMS


@ROWS
def test_each_has_a_group_of_dependencies_of_its_own_and_is_in_the_lineup(name: str) -> None:
    (lineup,) = GROUPS["lineup"]
    assert GROUPS[name]
    assert name in re.findall(r"[\w-]+", lineup)


def test_the_default_installation_has_none_of_them() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {re.split(r"[^\w-]", each)[0].lower() for each in (*project["dependencies"], *GROUPS["dev"])}
    known = {each.lower() for peer in PEERS.values() for each in peer.distributions}
    assert named & known == {"flask", "gunicorn"}


@ROWS
def test_each_is_described_in_the_readme(name: str) -> None:
    assert f"| `{name.replace('-', '_')}.py` |" in (ROOT / "peers" / "README.md").read_text()


def test_all_ports_differ() -> None:
    ports = [peer.port for peer in PEERS.values()] + [each.port for each in (SYNC, ASYNC, UPSTREAM)]
    assert len(set(ports)) == len(ports)


@ROWS
def test_each_is_served_on_this_machine_alone_unless_it_is_told_otherwise(name: str) -> None:
    service = PEERS[name].service(name)
    serve = parse(service, [], {})
    assert (serve.host, serve.port, serve.worker_class) == ("127.0.0.1", PEERS[name].port, PEERS[name].worker_class)
    assert service.command == f"python -m peers {name}"


@ROWS
def test_a_wait_holds_what_its_kind_says(name: str) -> None:
    about = PEERS[name].service(name).about
    assert ("coroutine" in about) == (PEERS[name].worker_class in (UVICORN, LOOP))


def test_a_name_that_is_none_is_one_line_that_lists_them() -> None:
    for arguments in (["nope"], ["--port", "0", "fastapi"], []):
        ended = subprocess.run(
            [sys.executable, "-m", "peers", *arguments], capture_output=True, text=True, timeout=30, check=False
        )
        assert ended.returncode == 2
        assert ended.stderr == f"python -m peers needs the name of a framework first, one of {', '.join(PEERS)}.\n"


def test_help_lists_them() -> None:
    command = [sys.executable, "-m", "peers", "--help"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert ", ".join(PEERS) in ended.stdout


@pytest.mark.parametrize(("name", "lacking"), [(name, each) for name, peer in PEERS.items() for each in peer.needs])
def test_a_framework_that_is_not_installed_is_one_line_that_says_how_to_install_it(
    name: str, lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def known(distribution: str) -> str:
        if distribution == lacking:
            raise PackageNotFoundError(distribution)
        return version(distribution)

    monkeypatch.setattr("peers.rows.version", known)
    with pytest.raises(SystemExit) as ended:
        peers.__main__.serve(name)
    told = str(ended.value)
    assert told.startswith(f"{name} needs {lacking}, which is not installed: `make install-lineup` installs every ")
    assert told.endswith(f"-m pip install --editable '.[{name}]'` this one alone.")
