"""Tests of the findings about the machine."""

import pytest

from loadtest.doctor import machine
from loadtest.doctor.finding import fine

GIB = 2**30
WSL_2 = "5.15.153.1-microsoft-standard-WSL2"


@pytest.mark.parametrize(
    ("name", "release", "folder", "state", "said"),
    [
        ("Linux", "6.1.0", "/home/ada/sync-vs-async", "fine", "Linux 6.1.0"),
        ("Darwin", "24.1.0", "/Users/ada", "fine", "macOS (Darwin 24.1.0)"),
        ("Linux", WSL_2, "/home/ada", "fine", WSL_2),
        ("Linux", WSL_2, "/mnt/c/Users/ada", "mend", "`cd ~` and clone"),
        ("Linux", "6.1.0", "/mnt/c/ada", "fine", "Linux 6.1.0"),
        ("Linux", "4.4.0-19041-Microsoft", "/home/ada", "mend", "`wsl --set-version NAME 2`"),
        ("Windows", "11", "C:\\", "mend", "`wsl --install`"),
    ],
)
def test_windows_needs_wsl_2_and_a_folder_of_linux(name: str, release: str, folder: str, state: str, said: str) -> None:
    found = machine.system(name, release, folder)
    assert found.state == state
    assert said in found.text


def test_python_before_3_11_is_too_old() -> None:
    assert machine.python((3, 11, 0)) == fine("3.11.0")
    assert machine.python((4, 0, 0)) == fine("4.0.0")
    old = machine.python((3, 10, 13))
    assert old.state == "mend"
    assert "make clean install PYTHON=" in old.text


@pytest.mark.parametrize(
    ("allowed", "present", "bindable", "state", "said"),
    [
        (2, 2, True, "fine", "2 cores"),
        (2.5, 8, True, "fine", "2.5 of 8 cores may be used"),
        (1.5, 8, True, "mend", "1.5 of 8 cores may be used, and"),
        (1, 1, True, "mend", "1 core, and"),
        (8, 8, False, "note", "8 cores. The service and the load generator share them"),
    ],
)
def test_a_measurement_needs_two_cores(allowed: float, present: int, bindable: bool, state: str, said: str) -> None:
    found = machine.cores(allowed, present, bindable=bindable)
    assert found.state == state
    assert found.text.startswith(said)


def test_a_race_needs_one_gib_of_memory() -> None:
    assert machine.memory(GIB, 8 * GIB) == fine("1.0 of 8.0 GiB are free")
    assert machine.memory(GIB - 1, 8 * GIB).state == "mend"


@pytest.mark.parametrize(("limit", "state"), [(256, "mend"), (1024, "note"), (10239, "note"), (10240, "fine")])
@pytest.mark.parametrize(("mac", "command"), [(True, "`ulimit -n 10240`"), (False, "`sudo prlimit --pid $$ ")])
def test_few_open_files_come_with_the_command_of_the_system(limit: int, state: str, mac: bool, command: str) -> None:
    found = machine.open_files(limit, mac=mac)
    assert found.state == state
    assert (command in found.text) == (state != "fine")


def test_every_folder_needs_free_space() -> None:
    assert machine.disk({"/a": GIB, "/b": 2 * GIB}) == fine("free: 1.0 GiB in /a, 2.0 GiB in /b")
    full = machine.disk({"/a": GIB, "/b": GIB // 2})
    assert full.state == "mend"
    assert "`du -xh /b " in full.text


def test_a_missing_folder_comes_with_the_command_that_makes_it() -> None:
    found = machine.no_folder("/my files")
    assert (found.state, found.text) == ("mend", "/my files does not exist: run `mkdir -p '/my files'`.")
