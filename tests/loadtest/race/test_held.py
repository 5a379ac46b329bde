import json
from pathlib import Path
from typing import Any

import pytest

from contract import ports
from loadtest.contenders.service import lineup
from loadtest.race.command import race
from loadtest.race.held import STAYS, Held, captioned
from loadtest.race.watches import watches
from loadtest.race.words import Caption
from loadtest.web_ui.racers import read

SOURCE = """import time

async def handler(request):
    time.sleep(request.delay)
"""
NOW = 1000.0


class Reported:
    """The report of a process in a folder, whose one loop calls time.sleep in shop.py."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "shop.py").write_text(SOURCE)
        self._say({"event": "loop", "loop": 1, "made_of": "uvloop, CPython 3.13"})
        line = [str(folder / "shop.py"), 4, "handler", [4, 4, 4, 29]]
        self._say(
            {"event": "stack", "number": 0, "line": line, "inside": "shop.handler", "route": "GET /", "own": True}
        )

    def _say(self, event: dict[str, Any]) -> None:
        with (self.folder / "7.jsonl").open("a") as file:
            file.write(json.dumps(event) + "\n")

    def stall(  # noqa: PLR0913 - what a process reports
        self, began: float, took: float, *, what: str = "stall", cpu: float = 0.0, delay: float = 0.0, row: bool = False
    ) -> None:
        """Report a stall. `cpu` and `delay`: seconds for which its thread computed, and had no core meanwhile."""
        looks = {"before": [began, 0.0, 0.0], "first": [began, 0.0, 0.0], "after": [began + took, cpu, delay]}
        times = {"began": began, "took": took, "garbage": 0.0, "row": row}
        self._say({"event": what, "loop": 1, **times, **looks, "stacks": [[0, began + took, cpu, 0.0]]})


@pytest.fixture
def reported(tmp_path: Path) -> Reported:
    return Reported(tmp_path)


@pytest.fixture
def held(reported: Reported) -> Held:
    return Held(reported.folder, reported.folder)


def test_a_line_is_named_without_arguments_while_it_holds_the_loop_and_two_seconds_longer_at_most(
    reported: Reported, held: Held
) -> None:
    assert held.sentence(NOW) == ""
    for tenth in range(10):
        reported.stall(NOW + tenth / 10, 0.099)
    assert held.sentence(NOW + 1) == "held by time.sleep in shop.py:4, 99 ms at a time"
    assert held.sentence(NOW + 1 + STAYS / 2) != ""
    assert held.sentence(NOW + 1.01 + STAYS) == ""


def test_a_call_that_still_runs_is_named_with_its_time_until_it_has_ended(reported: Reported, held: Held) -> None:
    reported.stall(NOW, 1.25, what="holds")
    assert held.sentence(NOW + 1.5) == "held by time.sleep in shop.py:4 for 1.5 s so far"
    reported.stall(NOW, 3.0)
    assert held.sentence(NOW + 3) == "held by time.sleep in shop.py:4, 3.0 s at a time"


def test_what_held_the_loop_before_a_change_is_not_named_after_it(reported: Reported, held: Held) -> None:
    reported.stall(NOW, 1.0)
    held.begin_anew(NOW + 1.1)
    assert held.sentence(NOW + 1.2) == ""


def test_a_report_with_a_hole_is_read_on(reported: Reported, held: Held) -> None:
    with (reported.folder / "7.jsonl").open("a") as file:
        file.write('{"event": "sta\n')
    reported.stall(NOW, 1.0)
    assert held.sentence(NOW + 1) == "held by time.sleep in shop.py:4, 1.0 s at a time"


@pytest.mark.parametrize(
    ("took", "spent", "words"),
    [
        (0.3, {}, ""),  # too short to let the loop stand still
        (0.6, {}, "held by time.sleep in shop.py:4, 600 ms at a time"),
        (0.6, {"delay": 0.5}, ""),  # the machine ran something else
        (0.6, {"cpu": 0.6}, "held by computing in shop.py:4, 600 ms at a time"),
        (0.6, {"cpu": 0.1, "row": True}, "held by a burst of callbacks from shop.py:4, 600 ms at a time"),
        (0.19, {"cpu": 0.19, "row": True}, ""),  # a busy loop
        (0.19, {"cpu": 0.02, "row": True}, "held by a burst of callbacks from shop.py:4, 190 ms at a time"),
    ],
)
def test_only_what_lets_the_loop_stand_still_is_named_by_its_kind(
    reported: Reported, held: Held, took: float, spent: dict[str, float], words: str
) -> None:
    for number in range(3 if took < 0.3 else 1):
        reported.stall(NOW + number * 0.2, took, **spent)  # type: ignore[arg-type] # a row is True
    assert held.sentence(NOW + 0.7) == words


def test_the_caption_begins_with_the_line_and_changes_at_once() -> None:
    said = Caption("room", "room for all")
    assert captioned(said, "") == said
    assert captioned(said, "held by f in a.py:1") == Caption("room-held", "held by f in a.py:1; room for all")


def test_only_services_that_run_event_loops_are_watched_each_in_a_folder_of_its_own() -> None:
    known = lineup(2)
    services = [known["flask"], known["aiohttp"]]
    with watches(services) as kept:
        flask, aiohttp, locust = race(services, watches=kept)
        folder = kept["aiohttp"].folder
        assert [racer.reports for racer in read(locust.environment["RACERS"])] == ["", str(folder)]
        assert "SYNC_VS_ASYNC_WATCH" not in {**flask.environment, **locust.environment}
        assert aiohttp.environment["SYNC_VS_ASYNC_WATCH"].startswith(str(folder))
        assert aiohttp.port == ports.ASYNC_APP
        assert folder.is_dir()
    assert not folder.exists()
