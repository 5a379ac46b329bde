import sys
from pathlib import Path

import pytest

from loadtest.report import vega


def packed_anew(monkeypatch: pytest.MonkeyPatch, program: str) -> str:
    """Return the packed code as the first report of another process gets it; `program` packs it."""
    monkeypatch.setattr(vega, "PYTHON", (sys.executable, "-S", "-c", program))
    monkeypatch.setattr(vega, "_packed", [])
    with vega.being_packed() as library:
        return library()


def test_vega_is_packed_once_and_kept_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert packed_anew(monkeypatch, "print('code', end='')") == "code"
    assert packed_anew(monkeypatch, "raise SystemExit('packed again')") == "code"


def test_a_report_needs_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    for said in ("first", "second"):
        assert packed_anew(monkeypatch, f"print('{said}', end='')") == said
