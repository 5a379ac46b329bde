import pytest


@pytest.fixture(autouse=True)
def _signals_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("raise_interrupts", "ignore"):
        monkeypatch.setattr(f"loadtest.processes.signals.{name}", lambda: None)
