"""Tests of the kept output of services: its files, its size, and the secrets in it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from loadtest.contenders.secrets import Secrets
from loadtest.processes import logs
from loadtest.processes.logs import Logs

BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

SECRET = "a secret\nof two lines"

HEAD = "=== start 1, 2026-01-02 03:04:05+00:00: run ***"


def kept(output: str, folder: Path) -> str:
    """Return what is kept of the output of one start."""
    secrets = Secrets({"SECRET": SECRET})
    secrets.expanded("${SECRET}")
    found = Logs(secrets)
    (folder / "log").write_bytes(output.encode())
    with (folder / "log").open("rb") as log:
        found.add("shop", ["run", SECRET], BEGAN, log)
    (text,) = found.files().values()
    head, _, rest = text.partition("\n")
    assert head == HEAD
    return rest


def test_output_is_kept_whole_or_its_beginning_and_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "FIRST", 30)
    monkeypatch.setattr(logs, "LAST", 60)
    lines = [f"line {number:4}\n" for number in range(50)]  # of ten bytes
    for output, expected in (
        ("", ""),
        (f"\xe4 {SECRET}!", "\xe4 ***!"),
        ("".join(lines[:9]), "".join(lines[:9])),
        ("".join(lines[:10]), "".join([*lines[:3], "=== about 10 bytes are left out here\n", *lines[5:10]])),
        ("".join(lines), "".join([*lines[:3], "=== about 410 bytes are left out here\n", *lines[45:]])),
        ("x" * 100, f"=== about 10 bytes are left out here\n{'x' * 60}"),
    ):
        assert kept(output, tmp_path) == expected, output


def test_no_cut_shows_a_part_of_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "FIRST", 60)
    monkeypatch.setattr(logs, "LAST", 60)
    parts = [SECRET[start : start + 5] for start in range(len(SECRET) - 5)]
    for filled in ("-", "-\n"):
        for before in range(200):
            output = (filled * 200)[:before] + SECRET + (filled * 200)[before:200]
            found = kept(output, tmp_path)
            assert "left out" in found
            assert not [part for part in parts if part in found], (filled, before)


def test_each_service_has_a_file_of_its_own_whatever_its_name(tmp_path: Path) -> None:
    found = Logs()
    names = ["shop", "Shop", "../../etc/passwd", "a b", "a/b", "\xe4" * 200, "results.json"]
    with (tmp_path / "log").open("wb+") as log:
        for name in [*names, "shop"]:
            found.add(name, ["run"], BEGAN, log)
    files = found.files()
    assert list(files) == [
        *("shop.log", "shop-2.log", "______etc_passwd.log", "a_b.log", "a_b-2.log", f"{'_' * 80}.log"),
        "results_json.log",
    ]
    assert [text.count("=== start") for text in files.values()] == [2, *[1] * 6]
