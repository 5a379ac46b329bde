import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

import async_app.files
import sync_app.files
from contract.parameters import File
from contract.problems import Problem

Write = Callable[[int, Path], str]

ROOM = 32 * 2**10
"""Bytes that fit on the small disk."""


def on_a_thread(size: int, directory: Path) -> str:
    return sync_app.files.file(File.model_construct(size=size), str(directory))


def on_a_loop(size: int, directory: Path) -> str:
    with ThreadPoolExecutor(1) as pool:
        return asyncio.run(async_app.files.file(File.model_construct(size=size), str(directory), pool))


BOTH = pytest.mark.parametrize("write", [on_a_thread, on_a_loop])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "small", str(disk)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"cannot mount a file system here: {mounted.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


@BOTH
@pytest.mark.parametrize("size", [0, 1, 255, 256, 65535, 65536, 65537, 3 * 65536 + 5, 16 * 2**20])
def test_what_is_read_back_is_what_was_to_be_written_and_nothing_is_left(
    write: Write, size: int, tmp_path: Path
) -> None:
    content = bytes(i % 256 for i in range(size))
    assert write(size, tmp_path) == sha256(content).hexdigest()
    assert os.listdir(tmp_path) == []


@BOTH
@pytest.mark.parametrize("size", [ROOM + 1, 65536, 65537, 2**20])
def test_a_full_disk_is_a_507_and_nothing_is_left(write: Write, size: int, small_disk: Path) -> None:
    with pytest.raises(Problem) as refusal:
        write(size, small_disk)
    assert refusal.value.status == 507
    assert os.listdir(small_disk) == []
    assert write(ROOM // 2, small_disk) == sha256(bytes(range(256)) * (ROOM // 512)).hexdigest()


@BOTH
@pytest.mark.parametrize("size", [1001, 65536, 2**20])
def test_a_file_that_is_larger_than_may_be_is_a_507(write: Write, size: int, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(Problem) as refusal:
            write(size, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert refusal.value.status == 507
    assert os.listdir(tmp_path) == []


@BOTH
@pytest.mark.parametrize("path", ["missing", "file", "file/below"])
def test_a_directory_that_cannot_be_used_is_a_503_that_names_its_variable(
    write: Write, path: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Problem, match=r"\(FILE_DIRECTORY\)\.$") as refusal:
        write(1, tmp_path / path)
    assert refusal.value.status == 503


WRITES_AS_NOBODY = """
import os, sys
from contract.problems import Problem
from serving.disk import there_and_back
os.setgid(65534), os.setuid(65534)
try:
    there_and_back(1, sys.argv[1])
except Problem as problem:
    print(problem.status)
"""


def test_a_directory_that_may_not_be_written_to_is_a_503() -> None:
    if os.getuid() != 0:
        pytest.skip("only root can switch to a user without write access")
    ended = subprocess.run(
        [sys.executable, "-c", WRITES_AS_NOBODY, "/"], capture_output=True, text=True, check=False, timeout=30
    )
    assert (ended.stdout, ended.stderr) == ("503\n", "")
