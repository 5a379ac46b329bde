import json
import os
import subprocess
import sys
from pathlib import Path

from loadtest.watch.injection import watching
from loadtest.watch.readings import Readings
from tests.loadtest.support.commands import WITHIN

PROGRAM = """
import asyncio, time

async def handler():
    time.sleep(0.6)

asyncio.run(handler())
"""


def test_a_callback_is_reported_with_its_line_while_it_still_runs(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    with watching() as watch:
        environment = {**os.environ, **watch.environment(os.environ)}
        subprocess.run([sys.executable, program], env=environment, check=True, timeout=WITHIN)
        (report,) = watch.folder.iterdir()
        events = [json.loads(line) for line in report.read_text().splitlines()]
        readings = Readings(watch.folder, tmp_path)
        readings.update()
    holds = next(each for each in events if each["event"] == "holds")
    told = events[events.index(holds) + 1 :]
    stall = next(each for each in told if each["event"] == "stall" and each["began"] == holds["began"])
    assert 0.25 <= holds["took"] < stall["took"]
    assert stall["took"] >= 0.6
    loop = readings.loops[0]
    assert loop.holds is None
    seen = next(each for each in loop.stalls if each.began == holds["began"]).seen
    assert [(each.site.where, each.site.call) for each in seen] == [("program.py:5", "time.sleep")]
