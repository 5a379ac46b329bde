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
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Mount a disk of 256 KiB and return its path."""
    where = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(where)]
    if os.getuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a disk needs root, and a system that allows it")
    yield where
    subprocess.run(["umount", "--lazy", where], check=True)


@pytest.fixture(params=WAYS_TO_WAIT)
def on_disk(request: pytest.FixtureRequest, fleet: Fleet, disk: Path) -> Running:
    """Return a service for each way to wait in turn, which writes its files to `disk`."""
    name: str = request.param
    return fleet(name, workers=1, environment={"FILE_DIRECTORY": str(disk)})


@pytest.mark.parametrize("size", [ROOM + 1, ROOM + 4096, 300 * 1024, 2**20, 2**24])
def test_what_does_not_fit_is_told_and_nothing_is_left_behind(on_disk: Running, disk: Path, size: int) -> None:
    answer = ask(on_disk.url, f"/file?size={size}")
    assert detail(answer, 507, "Insufficient Storage") == "The disk has no space left for this file."
    fits = ask(on_disk.url, f"/file?size={ROOM // 2}")
    assert fits.status == 200
    assert sha256(bytes(range(256)) * (ROOM // 512)).hexdigest().encode() in fits.body
    assert list(disk.iterdir()) == []


def test_what_does_not_fit_by_half_a_block_is_told_as_well(on_disk: Running, disk: Path) -> None:
    (disk / "filler").write_bytes(b"x" * (ROOM - 16 * 1024))
    try:
        answer = ask(on_disk.url, "/file?size=64KiB")  # one write that fits only in part
        detail(answer, 507, "Insufficient Storage")
        assert ask(on_disk.url, "/file?size=16KiB").status == 200
    finally:
        (disk / "filler").unlink()


@pytest.mark.parametrize("name", WAYS_TO_WAIT)
def test_a_directory_that_has_vanished_is_named_by_its_variable(fleet: Fleet, name: str, tmp_path: Path) -> None:
    directory = tmp_path / "secret"
    directory.mkdir()
    service = fleet(name, workers=1, environment={"FILE_DIRECTORY": str(directory)})
    assert ask(service.url, "/file?size=1").status == 200
    directory.rmdir()
    assert unavailable(ask(service.url, "/file?size=1"), again_after=60) == no_directory().detail
    directory.mkdir()
    assert ask(service.url, "/file?size=1").status == 200


def test_many_at_once_do_not_mix(service: Running) -> None:
    sizes = [1, 1000, 65536, 100_000, 2**20, 65537]
    answers = at_once(service.url, [f"/file?size={size}" for size in sizes])
    for size, answer in zip(sizes, answers, strict=True):
        digest = sha256((bytes(range(256)) * (size // 256 + 1))[:size]).hexdigest()
        assert (answer.status, answer.body) == (200, b'{"size":%d,"sha256":"%s"}\n' % (size, digest.encode()))
