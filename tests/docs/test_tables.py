"""The tables of the documentation hold what the code has, no less and no more."""

import re
import subprocess
from typing import Any

import click
import pytest

from contract import problems
from contract.operation import Operation
from contract.operations import OPERATIONS
from contract.settings import Settings
from contract.statements import ANSWER_WITHIN, GONE_AFTER, KEPT_FOR, MOST_KEPT, TIDY_EVERY
from loadtest.cli.main import group
from loadtest.contenders.service import lineup
from loadtest.generator.crew import TOKEN
from loadtest.watch.injection import VARIABLE
from loadtest.workload.scenarios import ABOUT
from peers.rows import PEERS
from serving.command_line import parse
from sync_app.plumbing.database import CONNECT_WITHIN
from sync_app.plumbing.service import SERVICE
from tests.docs.support.pages import ROOT, column, rows, section

CONFIGURATION = "docs/configuration.md"


def sources(*patterns: str) -> str:
    """The text of the project's own files of these names, without the tests, the examples and the learners' tasks."""
    others = ("tests/", "examples/", "workshop/tasks/", "workshop/solutions/")
    named = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return "".join((ROOT / name).read_text() for name in named.split() if not name.startswith(others))


def test_every_environment_variable_is_documented() -> None:
    read = {
        *(name.upper() for name in Settings.model_fields),
        *re.findall(r"os\.environ(?:\.get\(|\[)\"([A-Z_]+)\"", sources("*.py")),
        *re.findall(r"env_var=\"([A-Z_]+)\"", sources("*.py")),
        *re.findall(r"\"([A-Z_]+)\" not in os\.environ", sources("*.py")),
        *re.findall(r"\$\{([A-Z_]+)", sources("docker-compose.yml")),
        TOKEN,
        VARIABLE,
    }
    documented = [
        *column(CONFIGURATION, "Environment", "variable"),
        *column(CONFIGURATION, "Locust", "variable"),
        *column(CONFIGURATION, "Containers", "variable"),
    ]
    assert sorted(documented) == sorted(read)


def of_a_group(command: click.Command) -> list[click.Command]:
    """A command, with all of its own commands if it is a group."""
    return [command, *(command.commands.values() if isinstance(command, click.Group) else ())]


@pytest.mark.parametrize("name", group.commands)
def test_every_option_of_a_command_is_documented(name: str) -> None:
    options = {
        option
        for each in of_a_group(group.commands[name])
        for given in each.params
        if isinstance(given, click.Option)
        for option in given.opts
    }
    heading = f"`sync-vs-async {name}`"
    documented = column(CONFIGURATION, heading, "option") if options else []
    assert section(CONFIGURATION, heading)
    assert {*documented} == options


def test_every_option_of_a_twin_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(SERVICE, ["--help"], {})
    options = {*re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE)}
    assert {*column(CONFIGURATION, "One twin alone", "option")} == options


def test_every_setting_has_its_default_in_the_documentation() -> None:
    documented = {row[0].strip("`"): row[1] for row in rows(CONFIGURATION, "Environment", "variable")}
    for name, field in Settings.model_fields.items():
        if field.default is not None:
            assert documented[name.upper()] == f"{field.default:g}"


def as_documented(operation: Operation) -> str:
    path_parameter = operation.path.partition("{")[2].rstrip("}")
    query = [
        name
        for name in operation.takes.model_fields
        if name != path_parameter and name not in operation.takes.from_elsewhere()
    ]
    return f"{operation.method} {operation.path}" + ("?" + "&".join(query) if query else "")


def test_every_endpoint_is_documented_with_its_parameters() -> None:
    def ordered(text: str) -> tuple[str, list[str]]:
        path, _, query = text.partition("?")
        return path, sorted(query.split("&"))

    documented = [ordered(text) for text in column("docs/contract.md", "The contract", "endpoint")]
    assert sorted(documented) == sorted(ordered(as_documented(each)) for each in OPERATIONS)


def test_every_status_of_an_error_is_documented() -> None:
    statuses = {int(status) for status in re.findall(r"Problem\((\d{3})", sources("contract/problems.py"))}
    assert statuses, problems.__name__
    assert {int(status) for status in column("docs/contract.md", "Errors", "status")} == statuses


def test_every_scenario_is_documented() -> None:
    assert column("docs/method.md", "Scenarios", "scenario") == [*ABOUT]


def test_every_service_is_documented_with_its_slots() -> None:
    documented = {row[0].strip("`"): row[-1] for row in rows("docs/line-up.md", "The line-up", "service")}
    assert documented == {name: service.made_of for name, service in lineup(1).items()}


def test_every_peer_stands_in_the_readme_of_the_peers() -> None:
    files = column("peers/README.md", "The other frameworks", "file")
    assert sorted(files) == sorted(f"{name.replace('-', '_')}.py" for name in PEERS)


def test_every_exit_status_is_documented() -> None:
    named: set[Any] = {
        int(status) for each in group.commands.values() for status in re.findall(r"\b(\d) ", exit_statuses(each))
    }
    assert {int(status) for status in column(CONFIGURATION, "Exit status", "status")} == named


def exit_statuses(command: click.Command) -> str:
    assert command.epilog
    return command.epilog.rpartition("exit status: ")[2]


def test_the_limits_of_the_database_are_documented() -> None:
    text = " ".join((ROOT / "docs/contract.md").read_text().split())
    assert KEPT_FOR == 3600
    for sentence in (
        "An answer that nobody asks for within an hour is given to nobody and removed.",
        f"At most {MOST_KEPT:,} answers are kept",
        f"removes them every {TIDY_EVERY:g} s",
        f"A statement may take {ANSWER_WITHIN:g} s longer than the delay that it asks for",
        f"a new connection {CONNECT_WITHIN:g} s.",
        f"hears nothing for {GONE_AFTER:g} s of a transaction",
    ):
        assert sentence in text
