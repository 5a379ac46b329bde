import os
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from contract.problems import no_directory
from loadtest.processes.service import Running
from tests.conformance.support.fleet import WAYS_TO_WAIT, Fleet
from tests.conformance.support.problems import detail, unavailable
from tests.conformance.support.wire import ask, at_once

ROOM = 256 * 1024


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, bool]]:
    """Return a directory, and whether a disk of 256 KiB could be mounted there."""
    where = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(where)]
    small = os.getuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0
    yield where, small
    if small:
        subprocess.run(["umount", "--lazy", where], check=True)


@pytest.fixture
def directory(mounted: tuple[Path, bool]) -> Path:
    """Return an empty directory, on the small disk if there is one."""
    path = mounted[0] / "secret"
    path.mkdir(exist_ok=True)
    return path


@pytest.fixture
def disk(mounted: tuple[Path, bool], directory: Path) -> Path:
    """Return an empty directory on a disk of 256 KiB."""
    if not mounted[1]:
        pytest.skip("mounting a disk needs root, and a system that allows it")
    return directory


@pytest.fixture(params=WAYS_TO_WAIT)
def writing(request: pytest.FixtureRequest, fleet: Fleet, directory: Path) -> Running:
    """Return a service for each way to wait in turn, which writes its files to `directory`."""
    name: str = request.param
    return fleet(name, workers=1, environment={"FILE_DIRECTORY": str(directory)})


@pytest.mark.parametrize("size", [ROOM + 1, ROOM + 4096, 300 * 1024, 2**20, 2**24])
def test_what_does_not_fit_is_told_and_nothing_is_left_behind(writing: Running, disk: Path, size: int) -> None:
    answer = ask(writing.url, f"/file?size={size}")
    assert detail(answer, 507, "Insufficient Storage") == "The disk has no space left for this file."
    fits = ask(writing.url, f"/file?size={ROOM // 2}")
    assert fits.status == 200
    assert sha256(bytes(range(256)) * (ROOM // 512)).hexdigest().encode() in fits.body
    assert list(disk.iterdir()) == []


def test_what_does_not_fit_by_half_a_block_is_told_as_well(writing: Running, disk: Path) -> None:
    (disk / "filler").write_bytes(b"x" * (ROOM - 16 * 1024))
    try:
        answer = ask(writing.url, "/file?size=64KiB")  # one write that fits only in part
        detail(answer, 507, "Insufficient Storage")
        assert ask(writing.url, "/file?size=16KiB").status == 200
    finally:
        (disk / "filler").unlink()


def test_a_directory_that_has_vanished_is_named_by_its_variable(writing: Running, directory: Path) -> None:
    assert ask(writing.url, "/file?size=1").status == 200
    directory.rmdir()
    assert unavailable(ask(writing.url, "/file?size=1"), again_after=60) == no_directory().detail
    directory.mkdir()
    assert ask(writing.url, "/file?size=1").status == 200


def test_many_at_once_do_not_mix(service: Running) -> None:
    sizes = [1, 1000, 65536, 100_000, 2**20, 65537]
    answers = at_once(service.url, [f"/file?size={size}" for size in sizes])
    for size, answer in zip(sizes, answers, strict=True):
        digest = sha256((bytes(range(256)) * (size // 256 + 1))[:size]).hexdigest()
        assert (answer.status, answer.body) == (200, b'{"size":%d,"sha256":"%s"}\n' % (size, digest.encode()))
