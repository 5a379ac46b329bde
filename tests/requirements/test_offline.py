"""Tests of an installation without network. They fetch one small wheel; all of them would be 180 MiB for one laptop."""

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "requirements" / "fetch_wheels.py"
COMPOSE = (ROOT / "docker-compose.yml").read_text()


def wheel(folder: Path, tag: str) -> str:
    """Make a wheel of the package `tiny` with this tag, and return the SHA-256 of the file."""
    path, about = folder / f"tiny-1.0-{tag}.whl", "tiny-1.0.dist-info"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny.py", "")
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{about}/RECORD", "")
    return sha256(path.read_bytes()).hexdigest()


def fetch(folder: Path, requirements: Path, source: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the script, with the wheels in `source` in place of an index."""
    return subprocess.run(
        [sys.executable, SCRIPT, folder, requirements, *options],
        env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(source)},
        capture_output=True,
        text=True,
        check=False,
    )


def makes(*arguments: str) -> Sequence[str]:
    """Return the commands that make would run, and the outcome of each condition on files aside."""
    command = ["make", "--always-make", "--dry-run", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()


def test_wheels_are_fetched_once_for_each_laptop_and_installed_without_an_index(tmp_path: Path) -> None:
    source, folder, requirements = tmp_path / "source", tmp_path / "wheels", tmp_path / "pins.txt"
    hashes = [wheel(source, tag) for tag in ("cp312-cp312-macosx_11_0_universal2", "py3-none-manylinux_2_17_x86_64")]
    lines = [f"tiny==1.0 ; sys_platform != 'win32' \\\n    --hash=sha256:{hashes[0]} \\\n    --hash=sha256:{hashes[1]}"]
    requirements.write_text("\n".join(["# pins", *lines, "other==2.0 ; sys_platform == 'win32' --hash=sha256:0", ""]))

    ran = fetch(folder, requirements, source, "--platforms", "linux-x86_64,macos-arm64", "--pythons", "3.11,3.12")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[:-1] == [
        "linux-x86_64, Python 3.11: fetching 1 wheel",
        "linux-x86_64, Python 3.12: complete",
        "macos-arm64, Python 3.11: fetching 1 wheel",
        "  There is no wheel of tiny==1.0: take another version of Python there.",
        "macos-arm64, Python 3.12: fetching 1 wheel",
    ]

    (folder / "tiny-1.0-py3-none-manylinux_2_17_x86_64.whl").write_bytes(b"cut short")
    again = fetch(folder, requirements, source, "--platforms", "linux-x86_64,macos-arm64", "--pythons", "3.12")
    assert again.stdout.splitlines()[:-1] == [
        "linux-x86_64, Python 3.12: fetching 1 wheel",
        "macos-arm64, Python 3.12: complete",
    ]
    assert {sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()} == {*hashes}


def test_what_cannot_be_fetched_is_one_sentence(tmp_path: Path) -> None:
    requirements = tmp_path / "pins.txt"
    requirements.write_text("tiny==1.0\n")
    unpinned = fetch(tmp_path, requirements, tmp_path)
    assert (unpinned.returncode, unpinned.stdout) == (1, "")
    assert unpinned.stderr == f"{requirements}: tiny==1.0 has no hash; run make lock.\n"
    unknown = fetch(tmp_path, requirements, tmp_path, "--platforms", "windows")
    assert unknown.returncode == 2
    assert "there is no platform 'windows'; there are linux-x86_64, " in unknown.stderr


def test_no_installation_asks_an_index_when_it_is_offline() -> None:
    installs = [line for line in makes("install", "install-lineup", "OFFLINE=stick") if "pip install" in line]
    assert len(installs) >= 3
    assert [line for line in installs if '--no-index --find-links "stick/wheels"' not in line] == []
    assert not any("--no-index" in line for line in makes("install", "install-lineup"))


def test_an_installation_from_a_folder_that_is_missing_is_one_sentence(tmp_path: Path) -> None:
    command = ["make", "--silent", "install", f"VENV={tmp_path / 'venv'}", f"OFFLINE={tmp_path / 'stick'}"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode != 0
    assert ran.stdout == f"There is no folder {tmp_path / 'stick' / 'wheels'}: make prefetch makes one.\n"
    assert not (tmp_path / "venv").exists()


def test_every_requirements_file_of_an_installation_is_prefetched() -> None:
    (line,) = (line for line in makes("prefetch") if "fetch_wheels.py" in line)
    installed = {"dev.txt", "lineup.txt", "workshop.txt"} & {path.name for path in SCRIPT.parent.glob("*.txt")}
    assert {*re.findall(r"requirements/(\w+\.txt)", line)} == installed


def test_each_image_that_compose_builds_for_a_workshop_has_a_name_to_be_saved_under() -> None:
    built = re.findall(r"^  (\w+):.*\n    <<: \*(?:twin|container)\n", COMPOSE, re.MULTILINE)
    named = re.findall(
        r"^  (\w+): \{image: sync-vs-async\}$", (SCRIPT.with_name("images.yml")).read_text(), re.MULTILINE
    )
    assert len(built) == 7
    assert sorted(named) == sorted(built)
